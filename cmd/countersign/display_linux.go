package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// displayPatience is how long a display on another machine may take to answer.
const displayPatience = 3 * time.Second

// findDisplay says that there is nothing to show a window on. The window system would end the program with a stack trace instead.
func findDisplay() error {
	name := os.Getenv("DISPLAY")
	if name == "" {
		return fmt.Errorf("%w: DISPLAY names none", errNoDisplay)
	}
	host, screen, found := strings.Cut(name, ":")
	number, _, _ := strings.Cut(screen, ".")
	n, err := strconv.Atoi(number)
	if !found || err != nil || n < 0 {
		return fmt.Errorf("%w: DISPLAY is %q", errNoDisplay, name)
	}
	places := [][2]string{{"unix", "/tmp/.X11-unix/X" + number}, {"unix", "@/tmp/.X11-unix/X" + number}}
	if host != "" && host != "unix" {
		places = [][2]string{{"tcp", net.JoinHostPort(host, strconv.Itoa(6000+n))}}
	}
	for _, place := range places {
		if conn, err := net.DialTimeout(place[0], place[1], displayPatience); err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("%w: nothing answers at %q", errNoDisplay, name)
}
