module posd-power

go 1.26.0

replace posd => ../..

require (
	github.com/hanwen/go-fuse/v2 v2.12.1
	github.com/mattn/go-sqlite3 v1.14.53
	posd v0.0.0-00010101000000-000000000000
)

require golang.org/x/sys v0.49.0 // indirect
