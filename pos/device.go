package pos

import "time"

// Role is what a device does on the counter.
type Role string

// The roles.
const (
	RoleScanner Role = "scanner"
	RoleDisplay Role = "display"
	RolePrinter Role = "printer"
)

// DeviceState is how a device stands.
type DeviceState string

// The states of a device.
const (
	DeviceAbsent  DeviceState = "absent"  // never seen since the start
	DeviceOpening DeviceState = "opening" // being tried
	DeviceReady   DeviceState = "ready"
	DeviceLost    DeviceState = "lost" // was ready, is gone
)

// Device is a device's standing at one instant.
type Device struct {
	Name      string      `json:"name"`
	Role      Role        `json:"role"`
	Driver    string      `json:"driver"`
	Port      string      `json:"port"`
	State     DeviceState `json:"state"`
	Since     time.Time   `json:"since"`
	LastError string      `json:"last_error"`
	Counters  Counters    `json:"counters"`
}

// Counters count since the daemon started.
type Counters struct {
	Good     int64 `json:"good"`     // whole codes read, or prompts written
	Rejected int64 `json:"rejected"` // noise, halves, oversize lines
	Reopened int64 `json:"reopened"`
	BytesIn  int64 `json:"bytes_in"`
	BytesOut int64 `json:"bytes_out"`
}

// Connection is how the way to the acquirer stands, decided from real traffic.
type Connection struct {
	State  ConnectionState
	Since  time.Time
	Reason string        // a word of ours: "refused", "timeout", "dns", "tls", ...
	Skew   time.Duration // our clock less the acquirer's, as last seen
}

// ConnectionState has three values; before any traffic it is degraded with reason "untried".
type ConnectionState string

// The states of the connection.
const (
	Online   ConnectionState = "online"
	Degraded ConnectionState = "degraded"
	Offline  ConnectionState = "offline"
)
