package demo

// Behaviour is what an edge does when it is asked.
type Behaviour uint8

// The behaviours, each a way in which real edges fail.
const (
	Healthy Behaviour = iota
	Slow              // answers rightly, but later than goodenough
	Broken            // answers at once, with another body
	Hanging           // takes the connection and never answers
	Stopped           // does not listen: connections are refused
)

// letters select a behaviour on the keyboard.
var letters = map[byte]Behaviour{'o': Healthy, 's': Slow, 'b': Broken, 'h': Hanging, 'x': Stopped}

// String tells what the edge does, in a word or two.
func (b Behaviour) String() string {
	return [...]string{"healthy", "slow", "broken (a wrong body)", "hanging", "stopped (connections are refused)"}[b]
}
