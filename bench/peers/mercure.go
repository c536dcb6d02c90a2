// A Mercure hub. Messages come on standard input, each behind its length.
package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net/http"
	"os"

	"github.com/dunglas/mercure"
	"go.uber.org/zap"
)

func main() {
	transport := mercure.NewLocalTransport()
	hub, err := mercure.NewHub(
		mercure.WithTransport(transport), mercure.WithAnonymous(), mercure.WithLogger(zap.NewNop()),
		mercure.WithHeartbeat(0), mercure.WithWriteTimeout(0), mercure.WithDispatchTimeout(0),
	)
	if err != nil {
		panic(err)
	}
	go func() { panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], hub)) }()
	in := bufio.NewReader(os.Stdin)
	for {
		var length uint32
		if binary.Read(in, binary.BigEndian, &length) != nil {
			return
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		update := &mercure.Update{Topics: []string{"a"}, Event: mercure.Event{Data: string(text)}}
		if err := transport.Dispatch(update); err != nil {
			panic(err)
		}
	}
}
