package spec

// Lyrics answers getLyrics. Without lyrics it is empty.
type Lyrics struct {
	Artist string `wire:"artist,omit"`
	Title  string `wire:"title,omit"`
	Value  string `wire:"value,text"`
}

// Element is "lyrics".
func (Lyrics) Element() string { return "lyrics" }

// LyricsList answers getLyricsBySongId
// (https://opensubsonic.netlify.app/docs/extensions/songlyrics/).
type LyricsList struct {
	StructuredLyrics []StructuredLyrics `wire:"structuredLyrics"`
}

// Element is "lyricsList".
func (LyricsList) Element() string { return "lyricsList" }

// StructuredLyrics is one text of one song. Kind, Agents and CueLine belong to
// version 2 of the extension: leave them unset, the lists nil, unless the
// client asked for enhanced=true.
type StructuredLyrics struct {
	Lang          string    `wire:"lang"` // ISO 639, or "und" when unknown
	Synced        bool      `wire:"synced"`
	DisplayArtist string    `wire:"displayArtist,omit"`
	DisplayTitle  string    `wire:"displayTitle,omit"`
	Offset        int64     `wire:"offset,omit"` // ms; positive shows lines sooner
	Kind          string    `wire:"kind,omit"`   // "main", "translation" or "pronunciation"
	Line          []Line    `wire:"line"`
	Agents        []Agent   `wire:"agents,omit,xml=agent"`
	CueLine       []CueLine `wire:"cueLine,omit"`
}

// Line is one line of lyrics.
type Line struct {
	Start *int64 `wire:"start,omit"` // ms; nil in lyrics that are not synced
	Value string `wire:"value,text"`
}

// Agent is a voice that cue lines name.
type Agent struct {
	ID   string `wire:"id"`
	Role string `wire:"role"` // "main", "voice", "bg" or "group"
	Name string `wire:"name,omit"`
}

// CueLine times the words of one line.
type CueLine struct {
	Index   int    `wire:"index"` // of the line, from 0
	Start   *int64 `wire:"start,omit"`
	End     *int64 `wire:"end,omit"`
	Value   string `wire:"value"`
	AgentID string `wire:"agentId,omit"`
	Cue     []Cue  `wire:"cue"`
}

// Cue is a word or syllable. ByteStart and ByteEnd are the first and the last
// of its UTF-8 bytes in the cue line's value.
type Cue struct {
	Start     int64  `wire:"start"`    // ms
	End       *int64 `wire:"end,omit"` // ms; on all cues of a line or on none
	ByteStart int    `wire:"byteStart"`
	ByteEnd   int    `wire:"byteEnd"`
	Value     string `wire:"value,text"`
}
