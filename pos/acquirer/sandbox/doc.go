// Package sandbox is the simulated side of an acquirer: Citcon's POS dialect with a ledger of its own,
// for demonstrations, rehearsals and tests. It behaves as the vendor's published tests and samples
// show, and breaks as its script says.
//
// It refuses to be a bank: it keeps its ledger in memory, and its control face trusts whoever reaches it,
// so it belongs on loopback alone.
//
// # Routes
//
//	POST /posp/rest/{initialize,sign_in,pay,inquire,gen_payment_qr,refund,cancel,get_history}
//	POST /control/script   {"do":"password","for":"20s"}  what the next charge meets; see Step
//	POST /control/line     {"refused":true}               the line is cut: connections are closed unanswered
//	POST /control/history  {"hidden":true}                get_history finds nothing
//	POST /control/shopper  {"confirms":true}              the shopper of the pending payment acts now
//	GET  /control/ledger                                  every record there is
//
// The layout of get_history is not published; ours is {"result":"success","transactions":[{...}]} with the
// field names of the other replies and time_created in RFC 3339.
package sandbox
