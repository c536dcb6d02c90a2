// Java's own HttpClient, which offers h2c with every request: two POSTs on a connection, one of them chunked, and a WebSocket.
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

class JavaReader {
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] given) throws Exception {
        String feed = given[0], key = given[1];
        file(feed, key, BodyPublishers.ofString("{\"text\": \"by Java\"}"));
        byte[] chunked = "{\"text\": \"by Java, in chunks\"}".getBytes("UTF-8");
        file(feed, key, BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(chunked)));
        CompletableFuture<String> first = new CompletableFuture<>();
        WebSocket.Listener listener = new WebSocket.Listener() {
            StringBuilder text = new StringBuilder();

            public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
                text.append(data);
                if (last) first.complete(text.toString());
                socket.request(1);
                return null;
            }
        };
        URI live = URI.create(feed.replaceFirst("^http", "ws") + "/live");
        WebSocket socket = CLIENT.newWebSocketBuilder().buildAsync(live, listener).get(20, TimeUnit.SECONDS);
        System.out.println(first.get(20, TimeUnit.SECONDS));
        socket.abort();
        System.exit(0);
    }

    static void file(String feed, String key, BodyPublisher body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(feed + "/dispatches"))
            .header("Authorization", "Bearer " + key)
            .header("Content-Type", "application/json")
            .POST(body)
            .build();
        System.out.println(CLIENT.send(request, BodyHandlers.ofString()).statusCode());
    }
}
