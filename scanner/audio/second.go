package audio

func second(s *Source, f *File, v values) {}
