// Go's net package, a goroutine a connection, as the example of net.Listener has it. Go turns Nagle's algorithm off by
// itself, and its backlog is the system's somaxconn. On Linux io.Copy splices through a pipe, without copying: three
// descriptors a connection.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
)

const pieceSize = 64 * 1024

func echo(c net.Conn) {
	io.Copy(c, c)
}

func lines(c net.Conn) {
	reader := bufio.NewReader(c)
	for {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			return
		}
		if _, err := c.Write(line); err != nil {
			return
		}
	}
}

func sink(c net.Conn) {
	bytes := make([]byte, pieceSize)
	for {
		if _, err := c.Read(bytes); err != nil {
			return
		}
	}
}

func source(c net.Conn) {
	piece := bytes.Repeat([]byte("x"), pieceSize)
	for {
		if _, err := c.Write(piece); err != nil {
			return
		}
	}
}

func main() {
	port := flag.Int("port", 0, "where to listen on 127.0.0.1; 0 for any")
	mode := flag.String("mode", "echo", "echo, lines, sink or source")
	flag.Parse()
	serve, known := map[string]func(net.Conn){"echo": echo, "lines": lines, "sink": sink, "source": source}[*mode]
	if !known {
		log.Fatalf("no mode %q", *mode)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		c, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}
