package words

// Columns is how wide a text stands where every letter has its place, as on a screen, a display or paper: Chinese
// characters and their punctuation take two columns.
func Columns(text string) (n int) {
	for _, r := range text {
		n += Wide(r)
	}
	return n
}

// Wide is the columns of one letter.
func Wide(r rune) int {
	if (r >= 0x1100 && r <= 0x115f) || (r >= 0x2e80 && r <= 0xa4cf) || (r >= 0xac00 && r <= 0xd7a3) ||
		(r >= 0xf900 && r <= 0xfaff) || (r >= 0xfe30 && r <= 0xfe6f) || (r >= 0xff00 && r <= 0xff60) || (r >= 0xffe0 && r <= 0xffe6) ||
		(r >= 0x20000 && r <= 0x3fffd) {
		return 2
	}
	return 1
}
