package words

import "testing"

func TestOpen(t *testing.T) {
	c, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Say("en", "no.such.sentence", nil); got != "no.such.sentence" {
		t.Errorf("a missing sentence reads %q", got)
	}
}
