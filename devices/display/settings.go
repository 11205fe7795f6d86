package display

// Settings is what a profile says about a display, its table [display].
type Settings struct{}
