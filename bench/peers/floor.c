/* The floor: what the kernel alone asks for a delivery. An epoll loop that accepts readers, answers their first
 * request with a fixed head and a first frame of FIRST bytes, and for every frame that comes in on the control pipe calls send() once a reader.
 * It parses nothing, buffers nothing and forgets a reader whose socket is full.
 *
 * floor FIRST PORT: frames come on standard input, each behind its length in 4 bytes, big-endian. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 65536, EVENTS = 1024 };
static int readers[MOST];
static int count;
static char frame[1 << 20];
static char asked[4096];
static char welcome[1 << 16];
static const char HEAD[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n";

static void read_fully(char *to, size_t length) {
    while (length > 0) {
        ssize_t got = read(0, to, length);
        if (got <= 0) exit(0);
        to += got;
        length -= (size_t)got;
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    size_t first = (size_t)atoi(argv[1]), greeting = sizeof HEAD - 1;
    if (first < 126 || first > 60000) return 2;
    memcpy(welcome, HEAD, greeting);
    welcome[greeting++] = (char)0x81;
    welcome[greeting++] = 126;
    welcome[greeting++] = (char)(first >> 8);
    welcome[greeting++] = (char)(first & 255);
    memset(welcome + greeting, 'x', first);
    greeting += first;
    int poll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = 0;
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int reader;
                while ((reader = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(reader, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    event.data.fd = reader;
                    epoll_ctl(poll, EPOLL_CTL_ADD, reader, &event);
                }
            } else if (fd == 0) {
                uint32_t length;
                read_fully((char *)&length, sizeof length);
                length = ntohl(length);
                if (length > sizeof frame) return 1;
                read_fully(frame, length);
                for (int n = 0; n < count; n++) send(readers[n], frame, length, MSG_NOSIGNAL);
            } else {
                ssize_t got = read(fd, asked, sizeof asked);
                if (got <= 0) {
                    close(fd);
                    for (int n = 0; n < count; n++)
                        if (readers[n] == fd) readers[n--] = readers[--count];
                } else if (count < MOST) {
                    send(fd, welcome, greeting, MSG_NOSIGNAL);
                    readers[count++] = fd;
                }
            }
        }
    }
}
