package spec

// The values of a podcast's and an episode's Status.
const (
	PodcastNew         = "new"
	PodcastDownloading = "downloading"
	PodcastCompleted   = "completed"
	PodcastError       = "error"
	PodcastDeleted     = "deleted"
	PodcastSkipped     = "skipped"
)

// Podcasts answers getPodcasts.
type Podcasts struct {
	Channel []PodcastChannel `wire:"channel"`
}

// Element is "podcasts".
func (Podcasts) Element() string { return "podcasts" }

// PodcastChannel is one podcast.
type PodcastChannel struct {
	ID               string           `wire:"id"`
	URL              string           `wire:"url"` // of the feed
	Title            string           `wire:"title,omit"`
	Description      string           `wire:"description,omit"`
	CoverArt         string           `wire:"coverArt,omit"`
	OriginalImageURL string           `wire:"originalImageUrl,omit"`
	Status           string           `wire:"status"`
	ErrorMessage     string           `wire:"errorMessage,omit"`
	Episode          []PodcastEpisode `wire:"episode,omit"` // nil when the call asked for channels alone; without episodes an empty list
}

// NewestPodcasts answers getNewestPodcasts.
type NewestPodcasts struct {
	Episode []PodcastEpisode `wire:"episode"`
}

// Element is "newestPodcasts".
func (NewestPodcasts) Element() string { return "newestPodcasts" }

// PodcastEpisode answers getPodcastEpisode.
type PodcastEpisode struct {
	Child
	StreamID    string `wire:"streamId,omit"` // what to stream; unset until it is there
	ChannelID   string `wire:"channelId"`
	Description string `wire:"description,omit"`
	Status      string `wire:"status"`
	PublishDate Time   `wire:"publishDate,omit"`
}

// Element is "podcastEpisode".
func (PodcastEpisode) Element() string { return "podcastEpisode" }
