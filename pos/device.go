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

// PortKind is what kind of port something is plugged into.
type PortKind string

// The kinds of ports.
const (
	PortSerial  PortKind = "serial"
	PortHID     PortKind = "hid"
	PortKeys    PortKind = "keys" // a keyboard, or a scanner that is one
	PortPrinter PortKind = "printer"
)

// Found is something plugged in that may be a device of the counter. Its texts are the maker's.
type Found struct {
	Kind      PortKind `json:"kind"`
	Port      string   `json:"port"` // the name that lasts, for the configuration
	Node      string   `json:"node"` // where it is now, such as /dev/ttyACM0
	ByID      string   `json:"by_id,omitempty"`
	ByPath    string   `json:"by_path,omitempty"`
	Vendor    string   `json:"vendor,omitempty"` // four hex digits
	Product   string   `json:"product,omitempty"`
	Serial    string   `json:"serial,omitempty"`
	Maker     string   `json:"maker,omitempty"`
	Model     string   `json:"model,omitempty"`
	Socket    string   `json:"socket,omitempty"`    // the USB socket, such as 1-1.2
	Interface string   `json:"interface,omitempty"` // of the USB device, such as 1-1.2:1.0
	Driver    string   `json:"driver,omitempty"`    // the kernel's
	Speaks    string   `json:"speaks,omitempty"`    // of HID: pos or keyboard
	Twin      bool     `json:"twin"`                // another one like it is plugged in: only the socket tells them apart
	Sleeps    bool     `json:"sleeps"`              // the kernel may let it sleep, and the next scan is lost

	Device  string     `json:"device,omitempty"` // the configured device that it is
	Matches []Matching `json:"matches"`          // profiles that fit, the best first
}

// Matching is a profile that fits what was found.
type Matching struct {
	Profile string `json:"profile"`
	Name    string `json:"name"`
	Role    Role   `json:"role"`
	Driver  string `json:"driver"`
	Baud    int    `json:"baud,omitempty"` // zero where there is no speed
}

// Trial is what came of trying a device: a word that the catalogue has a sentence and a next step for.
type Trial struct {
	OK   bool
	What string
	Args map[string]string // for the sentence: never a code
}
