package pos

import "time"

// TroubleCode names something a person should know.
type TroubleCode string

// The troubles. Words has a sentence and a next step for each; health says how grave each is, how
// long it waits before it shows and what explains it away.
const (
	TroubleAcquirerUnreachable TroubleCode = "acquirer_unreachable"
	TroubleAcquirerRefuses     TroubleCode = "acquirer_refuses"  // credentials, contract or clock
	TroubleOddAnswer           TroubleCode = "odd_answer"        // an answer that fits no place in the table
	TroubleAmountDiffers       TroubleCode = "amount_differs"    // a success for another amount
	TroubleReferenceDiffers    TroubleCode = "reference_differs" // a success for another reference or currency
	TroubleNeedsManager        TroubleCode = "needs_manager"
	TroublePaidLate            TroubleCode = "paid_late"
	TroubleOrphan              TroubleCode = "orphan" // money on a sale that was closed otherwise, or paid twice
	TroubleRuling              TroubleCode = "ruling_contradicted"
	TroubleRefundLate          TroubleCode = "refund_late" // a refund that had ended went through after all
	TroubleUnfinished          TroubleCode = "too_many_unfinished"
	TroubleStorage             TroubleCode = "storage_failed"
	TroubleDiskFull            TroubleCode = "disk_full" // nothing new is begun
	TroubleBackup              TroubleCode = "backup_failed"
	TroubleListsDiffer         TroubleCode = "lists_differ" // what is listed is not what the journal adds up to
	TroubleClockBehind         TroubleCode = "clock_behind" // our clock stands behind the journal
	TroubleClockSkew           TroubleCode = "clock_skew"   // our clock and the acquirer's differ
	TroubleScanner             TroubleCode = "scanner_gone"
	TroubleDisplay             TroubleCode = "display_gone"
	TroubleDisplayRefuses      TroubleCode = "display_refuses" // it answers, and does not show what it should
	TroublePrinter             TroubleCode = "printer_gone"
	TroublePaper               TroubleCode = "printer_stopped" // it answers, and prints nothing: paper, cover
	TroubleSlip                TroubleCode = "slip_uncertain"  // nobody knows whether a slip was printed whole
	TroubleStrayScan           TroubleCode = "stray_scan"      // scanned while no sale was armed
	TroubleWrongCode           TroubleCode = "wrong_code"      // scanned while armed, but not money here
	TroubleGarbled             TroubleCode = "garbled"         // a scanner's line carries rubbish: check its speed
)

// Trouble is one that stands, or a passing one at the moment it happens.
type Trouble struct {
	Code    TroubleCode
	About   string            // the device, sale or reference it is about; empty for the whole register
	Args    map[string]string // for the sentence: never a code, token or key
	Passing bool              // an occurrence, not a condition: nothing will clear it
	Since   time.Time
}
