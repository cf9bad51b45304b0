package spec

// Shares answers getShares and createShare.
type Shares struct {
	Share []Share `wire:"share"`
}

// Element is "shares".
func (Shares) Element() string { return "shares" }

// Share is a public link to songs.
type Share struct {
	ID          string  `wire:"id"`
	URL         string  `wire:"url"` // absolute
	Description string  `wire:"description,omit"`
	Username    string  `wire:"username"`
	Created     Time    `wire:"created"`
	Expires     Time    `wire:"expires,omit"`
	LastVisited Time    `wire:"lastVisited,omit"`
	VisitCount  int     `wire:"visitCount"`
	Entry       []Child `wire:"entry"`
}

// ChatMessages answers getChatMessages.
type ChatMessages struct {
	ChatMessage []ChatMessage `wire:"chatMessage"`
}

// Element is "chatMessages".
func (ChatMessages) Element() string { return "chatMessages" }

// ChatMessage is one message of the chat.
type ChatMessage struct {
	Username string `wire:"username"`
	Time     int64  `wire:"time"` // ms since 1970, as a number
	Message  string `wire:"message"`
}
