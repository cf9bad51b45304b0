package spec

// InternetRadioStations answers getInternetRadioStations.
type InternetRadioStations struct {
	InternetRadioStation []InternetRadioStation `wire:"internetRadioStation"`
}

// Element is "internetRadioStations".
func (InternetRadioStations) Element() string { return "internetRadioStations" }

// InternetRadioStation is one station. Its field is homePageUrl, though the
// parameter of the calls is homepageUrl.
type InternetRadioStation struct {
	ID          string `wire:"id"`
	Name        string `wire:"name"`
	StreamURL   string `wire:"streamUrl"`
	HomePageURL string `wire:"homePageUrl,omit"`
	CoverArt    string `wire:"coverArt,omit"`
}

// JukeboxStatus answers jukeboxControl, but for the action get.
type JukeboxStatus struct {
	CurrentIndex int     `wire:"currentIndex"` // -1 when the queue is empty
	Playing      bool    `wire:"playing"`
	Gain         float64 `wire:"gain"`     // from 0 to 1
	Position     int     `wire:"position"` // seconds
}

// Element is "jukeboxStatus".
func (JukeboxStatus) Element() string { return "jukeboxStatus" }

// JukeboxPlaylist answers the action get of jukeboxControl.
type JukeboxPlaylist struct {
	JukeboxStatus
	Entry []Child `wire:"entry"`
}

// Element is "jukeboxPlaylist".
func (JukeboxPlaylist) Element() string { return "jukeboxPlaylist" }

// TranscodeDecision answers getTranscodeDecision
// (https://opensubsonic.netlify.app/docs/extensions/transcoding/).
type TranscodeDecision struct {
	CanDirectPlay   bool           `wire:"canDirectPlay"`
	CanTranscode    bool           `wire:"canTranscode"`
	ErrorReason     string         `wire:"errorReason,omit"`
	TranscodeParams string         `wire:"transcodeParams,omit"` // for getTranscodeStream; opaque
	TranscodeReason []string       `wire:"transcodeReason"`
	SourceStream    *StreamDetails `wire:"sourceStream,omit"`
	TranscodeStream *StreamDetails `wire:"transcodeStream,omit"`
}

// Element is "transcodeDecision".
func (TranscodeDecision) Element() string { return "transcodeDecision" }

// StreamDetails is what a stream is made of.
type StreamDetails struct {
	Protocol        string `wire:"protocol"` // "http" or "hls"
	Container       string `wire:"container"`
	Codec           string `wire:"codec"`
	AudioChannels   int    `wire:"audioChannels,omit"`
	AudioBitrate    int    `wire:"audioBitrate,omit"` // bit/s
	AudioProfile    string `wire:"audioProfile,omit"`
	AudioSamplerate int    `wire:"audioSamplerate,omit"` // Hz
	AudioBitdepth   int    `wire:"audioBitdepth,omit"`
}
