package canary

// What an independent computation of the documented rank gives.
const goldenRank = 0x5d302b3a3e9a2790

var goldenDisplaced = map[string]string{
	"example.org.":      "edge2.example.net",
	"example.net.":      "edge5.example.net",
	"shop.example.net.": "edge7.example.net",
	"a.example.":        "edge3.example.net",
	"b.example.":        "edge2.example.net",
	"c.example.":        "edge1.example.net",
}
