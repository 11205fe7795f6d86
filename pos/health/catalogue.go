package health

import (
	"time"

	"posd/pos"
)

// The severities. Critical: wallets cannot be charged here, or money may be wrong. Warning: somebody
// has to do something today. Info: the person at the counter puts it right at once.
const (
	Critical = "critical"
	Warning  = "warning"
	Info     = "info"
)

// trouble is how one code is shown. Its sentences are the catalogue of words.
type trouble struct {
	severity string
	delay    time.Duration     // a condition shows after standing so long: a cable that blinks is not news
	life     time.Duration     // a passing one shows so long after it last happened
	hides    []pos.TroubleCode // what it explains away while it shows: about the same thing, or all if about none
}

var catalogue = map[pos.TroubleCode]trouble{
	pos.TroubleStorage:  {severity: Critical, hides: []pos.TroubleCode{pos.TroubleUnfinished, pos.TroubleClockBehind}},
	pos.TroubleDiskFull: {severity: Critical, hides: []pos.TroubleCode{pos.TroubleBackup}},
	pos.TroubleAcquirerUnreachable: {severity: Critical, delay: 3 * time.Second,
		hides: []pos.TroubleCode{pos.TroubleAcquirerRefuses, pos.TroubleClockSkew}}, // both are older than the silence
	pos.TroubleAcquirerRefuses:  {severity: Critical},
	pos.TroubleAmountDiffers:    {severity: Critical, life: time.Hour},
	pos.TroubleReferenceDiffers: {severity: Critical, life: time.Hour},
	pos.TroubleUnfinished:       {severity: Critical, life: 2 * time.Minute},

	pos.TroubleNeedsManager:   {severity: Warning}, // pushed at once, not kept for closing time
	pos.TroubleOrphan:         {severity: Warning},
	pos.TroublePaidLate:       {severity: Warning, life: 30 * time.Minute},
	pos.TroubleRefundLate:     {severity: Warning, life: 30 * time.Minute},
	pos.TroubleRuling:         {severity: Warning, life: time.Hour},
	pos.TroubleOddAnswer:      {severity: Warning, life: 10 * time.Minute},
	pos.TroubleBackup:         {severity: Warning},
	pos.TroubleListsDiffer:    {severity: Critical},
	pos.TroubleClockBehind:    {severity: Warning, hides: []pos.TroubleCode{pos.TroubleClockSkew}},
	pos.TroubleClockSkew:      {severity: Warning, delay: 30 * time.Second},
	pos.TroubleScanner:        {severity: Warning, delay: 3 * time.Second, hides: []pos.TroubleCode{pos.TroubleGarbled}},
	pos.TroubleDisplay:        {severity: Warning, delay: 3 * time.Second, hides: []pos.TroubleCode{pos.TroubleDisplayRefuses}},
	pos.TroubleDisplayRefuses: {severity: Warning, life: 10 * time.Minute},
	pos.TroublePrinter:        {severity: Warning, delay: 10 * time.Second, hides: []pos.TroubleCode{pos.TroublePaper}},
	pos.TroublePaper:          {severity: Warning},
	pos.TroubleSlip:           {severity: Warning, life: 10 * time.Minute},
	pos.TroubleGarbled:        {severity: Warning, life: time.Minute},

	pos.TroubleStrayScan: {severity: Info, life: 15 * time.Second},
	pos.TroubleWrongCode: {severity: Info, life: 15 * time.Second},
}

// passing is the life of a passing trouble whose row names none.
const passing = time.Minute

// look gives the row of a code. One that the catalogue lacks is a warning: it is never swallowed.
func look(code pos.TroubleCode) trouble {
	row, ok := catalogue[code]
	if !ok {
		row = trouble{severity: Warning}
	}
	if row.life == 0 {
		row.life = passing
	}
	return row
}

// Severity says how grave a trouble is.
func Severity(code pos.TroubleCode) string { return look(code).severity }

// weight orders severities, the gravest first.
func weight(severity string) int {
	switch severity {
	case Critical:
		return 0
	case Warning:
		return 1
	}
	return 2
}
