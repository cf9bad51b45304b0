package audio

// mpeg is tried last: its frames have but 11 bits to know them by.
var mpeg = &container{name: "mp3", version: 1, read: readMPEG}

func mpegLike(s *Source, start int64, suffix string) bool { return false }

func readMPEG(s *Source, start int64, f *File, v values) error { return ErrUnknown }
