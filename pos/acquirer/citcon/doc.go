// Package citcon speaks Citcon's POS dialect: form posts under posp/rest/ that are answered in JSON.
//
// It is a translator. It keeps no sale, repeats no charge and decides nothing: every reply becomes one
// of the events of package pos, and what cannot be read with certainty becomes Silence. It refuses to
// follow redirects, to go through a proxy, to speak plain HTTP to anything but this machine, and to
// put a payment code, the terminal's token or a word of the acquirer's free text into an error or log.
//
// What is published of the dialect is restated in the acquirer reference; comments name its sections.
// Amounts are integers of the minor unit. There is no inquiry by our own reference: an attempt whose
// reply was lost is searched in the terminal's history, and only an inquiry by the id found there says
// what became of it.
package citcon
