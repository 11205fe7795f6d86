module posd/scripts/glyphs

go 1.26.0

require (
	golang.org/x/image v0.30.0
	golang.org/x/text v0.43.0
)

require github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0
