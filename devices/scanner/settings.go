package scanner

// Settings is what a profile says about a scanner, its table [scanner].
type Settings struct{}
