package scanner

import (
	"maps"
	"slices"
)

// key is what a key writes alone, with Shift and with AltGr; 0 for nothing.
type key struct{ plain, shifted, third rune }

// rows are the keys of a keyboard by their codes (linux/input-event-codes.h), left to right.
var rows = [][]uint16{
	{41, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13},
	{16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27},
	{30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43},
	{86, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53},
}

// keypad writes the same under every layout.
var keypad = map[uint16]byte{71: '7', 72: '8', 73: '9', 75: '4', 76: '5', 77: '6', 79: '1', 80: '2', 81: '3', 82: '0', 83: '.',
	55: '*', 74: '-', 78: '+', 98: '/', 117: '=', 96: '\r'}

// layouts are the keyboards that a scanner may type for. A payment code is digits: the French layout is the
// one that puts them behind Shift, and the German one swaps Y and Z.
var layouts = map[string]map[uint16]key{
	"us": spread([]string{"`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "<zxcvbnm,./"},
		[]string{"~!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"|", ">ZXCVBNM<>?"}, nil),
	"uk": spread([]string{"`1234567890-=", "qwertyuiop[]", "asdfghjkl;'#", "\\zxcvbnm,./"},
		[]string{"¬!\"£$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:@~", "|ZXCVBNM<>?"}, nil),
	"de": spread([]string{"^1234567890ß´", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"},
		[]string{"°!\"§$%&/()=?`", "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"},
		map[uint16]rune{3: '²', 4: '³', 8: '{', 9: '[', 10: ']', 11: '}', 12: '\\', 16: '@', 18: '€', 27: '~', 86: '|'}),
	"fr": spread([]string{"²&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù*", "<wxcvbn,;:!"},
		[]string{"\x001234567890°+", "AZERTYUIOP¨£", "QSDFGHJKLM%µ", ">WXCVBN?./§"},
		map[uint16]rune{3: '~', 4: '#', 5: '{', 6: '[', 7: '|', 8: '`', 9: '\\', 10: '^', 11: '@', 12: ']', 13: '}', 18: '€'}),
}

// keyboards lists the layouts.
func keyboards() []string { return slices.Sorted(maps.Keys(layouts)) }

// spread puts characters on the rows, and Enter, Tab and the space bar where they always are.
func spread(plain, shifted []string, third map[uint16]rune) map[uint16]key {
	all := map[uint16]key{28: {'\r', '\r', 0}, 15: {'\t', '\t', 0}, 57: {' ', ' ', 0}}
	for i, codes := range rows {
		p, s := []rune(plain[i]), []rune(shifted[i])
		for j, code := range codes {
			all[code] = key{p[j], s[j], third[code]}
		}
	}
	return all
}
