// Leaks 64 KB at a time: sessions in a map that nobody deletes from, and for each a goroutine that
// waits for ever. Serves its profiles on 127.0.0.1; prints "ready" and the port. Ends with its
// standard input.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"time"
)

type session struct {
	page []byte
	done chan struct{}
}

var sessions = map[int]*session{}

func open(id int) {
	s := &session{page: make([]byte, 64*1024), done: make(chan struct{})}
	for i := range s.page {
		s.page[i] = 1
	}
	sessions[id] = s
	go watch(s)
}

func watch(s *session) {
	<-s.done
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, nil)
	id := 0
	for ; id < 300; id++ {
		open(id)
	}
	fmt.Println("ready", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		for ; ; id++ {
			open(id)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	os.Stdin.Read(make([]byte, 1))
}
