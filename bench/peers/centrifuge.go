// A broadcast server on Centrifuge, the library inside Centrifugo. Messages come on standard input, each behind its length;
// with the argument "json" they are JSON, and the newest 20 come with the reply to connect.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
)

const kept = 20

func main() {
	asJSON := len(os.Args) > 2 && os.Args[2] == "json"
	var lock sync.Mutex
	history := []json.RawMessage{}
	greeting := func() []byte {
		if !asJSON {
			return nil
		}
		lock.Lock()
		defer lock.Unlock()
		data, _ := json.Marshal(history)
		return data
	}
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone})
	if err != nil {
		panic(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		// A subscription by the server, so that a reader sends one command only.
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{UserID: ""},
			Subscriptions: map[string]centrifuge.SubscribeOptions{"a": {}},
			Data:          greeting(),
		}, nil
	})
	if err := node.Run(); err != nil {
		panic(err)
	}
	quiet := centrifuge.PingPongConfig{PingInterval: time.Hour, PongTimeout: time.Minute}
	handler := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		PingPongConfig: quiet, CheckOrigin: func(*http.Request) bool { return true },
	})
	authorize := func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }
	go func() { panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(authorize))) }()
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
		data := text
		if asJSON {
			lock.Lock()
			history = append(history, text)
			history = history[max(len(history)-kept, 0):]
			lock.Unlock()
		} else {
			data, _ = json.Marshal(string(text))
		}
		if _, err := node.Publish("a", data); err != nil {
			panic(err)
		}
	}
}
