module posd-witness

go 1.26.0

require (
	github.com/creack/pty v1.1.24
	github.com/mattn/go-sqlite3 v1.14.53
	go.bug.st/serial v1.8.0
	golang.org/x/sys v0.49.0
	posd v0.0.0
)

require (
	github.com/pelletier/go-toml/v2 v2.2.4 // indirect
	github.com/skip2/go-qrcode v0.0.0-20200617195104-da1b6568686e // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace posd => ../..
