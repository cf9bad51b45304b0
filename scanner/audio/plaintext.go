package audio

// Text decodes a text file that lies beside music, such as a playlist: UTF-8
// and UTF-16 with and without a byte order mark, else what the text most
// likely is. Every kind of line end becomes "\n".
func Text(b []byte) string { return sheetText(b, true) }
