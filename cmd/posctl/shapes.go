package main

import (
	"time"

	"posd/pos"
)

// The shapes of the local API, as far as people are shown them.

type status struct {
	Register string            `json:"register"`
	Store    string            `json:"store"`
	Version  string            `json:"version"`
	Day      string            `json:"day"`
	Currency pos.Currency      `json:"currency"`
	Ready    bool              `json:"ready"`
	Take     map[string]string `json:"take"`
	Acquirer struct {
		Dialect string    `json:"dialect"`
		State   string    `json:"state"`
		Since   time.Time `json:"since"`
		Reason  string    `json:"reason"`
	} `json:"acquirer"`
	Unfinished int        `json:"unfinished"`
	Owed       int        `json:"owed"`
	Oldest     *time.Time `json:"oldest"`
	Devices    []device   `json:"devices"`
	Troubles   []trouble  `json:"troubles"`
	ClockSkew  int64      `json:"clock_skew_ms"`
}

type device struct {
	Name      string       `json:"name"`
	Role      string       `json:"role"`
	Driver    string       `json:"driver"`
	Port      string       `json:"port"`
	State     string       `json:"state"`
	Since     time.Time    `json:"since"`
	LastError string       `json:"last_error"`
	Counters  pos.Counters `json:"counters"`
}

type trouble struct {
	Code     string    `json:"code"`
	Severity string    `json:"severity"`
	Say      string    `json:"say"`
	Do       string    `json:"do"`
	Since    time.Time `json:"since"`
}

type sale struct {
	ID           string       `json:"id"`
	Created      time.Time    `json:"created"`
	Amount       int64        `json:"amount"`
	Tip          int64        `json:"tip"`
	Charged      int64        `json:"charged"`
	Currency     pos.Currency `json:"currency"`
	Ticket       string       `json:"ticket"`
	Cashier      string       `json:"cashier"`
	Note         string       `json:"note"`
	Status       string       `json:"status"`
	NeedsManager bool         `json:"needs_manager"`
	Say          string       `json:"say"`
	Refunded     int64        `json:"refunded"`
	Refundable   int64        `json:"refundable"`
	Orphans      []orphan     `json:"orphans"`
	Attempts     []attempt    `json:"attempts"`
	Refunds      []refund     `json:"refunds"`
	Paid         *paid        `json:"paid"`
}

type orphan struct {
	Reference string       `json:"reference"`
	Say       string       `json:"say"`
	Proposed  int64        `json:"proposed"`
	Currency  pos.Currency `json:"currency"`
	Due       time.Time    `json:"due"`
}

type attempt struct {
	Reference string    `json:"reference"`
	Mode      string    `json:"mode"`
	Wallet    string    `json:"wallet"`
	Code      string    `json:"code"`
	State     string    `json:"state"`
	Since     time.Time `json:"since"`
	Reason    string    `json:"reason"`
	Paid      *paid     `json:"paid"`
}

type paid struct {
	At       time.Time    `json:"at"`
	Amount   int64        `json:"amount"`
	Currency pos.Currency `json:"currency"`
	Shopper  *struct {
		Amount   int64        `json:"amount"`
		Currency pos.Currency `json:"currency"`
		Rate     string       `json:"rate"`
	} `json:"shopper"`
}

type queue struct {
	Items []waiting `json:"items"`
	More  int       `json:"more"`
}

type waiting struct {
	Kind     string       `json:"kind"`
	ID       string       `json:"id"`
	Sale     string       `json:"sale"`
	Ticket   string       `json:"ticket"`
	Amount   int64        `json:"amount"`
	Currency pos.Currency `json:"currency"`
	State    string       `json:"state"`
	Since    time.Time    `json:"since"`
	NextTry  *time.Time   `json:"next_try"`
	Tries    int          `json:"tries"`
	Why      string       `json:"why"`
	Who      string       `json:"who"`
	Due      *time.Time   `json:"due"`
}

type dayList struct {
	Items []struct {
		Day string `json:"day"`
		Z   *int   `json:"z"`
		Net []struct {
			Amount   int64        `json:"amount"`
			Currency pos.Currency `json:"currency"`
		} `json:"net"`
	} `json:"items"`
}
