package models

// The kinds of cuts.
const (
	// CutBytes is a range of the object's bytes as they are, behind the head.
	CutBytes = "bytes"
	// CutFLAC is a range of FLAC frames, which are numbered anew.
	CutFLAC = "flac"
)

// Cut says how a part of an object is a file of its own, without transcoding:
// a head, which is not in the object, and a range of the object behind it.
type Cut struct {
	Kind     string
	Head     []byte
	From, To int64 // the range in the object
	Frame    int64 // CutFLAC: the number that the first frame has in the object
	Frames   int64 // CutFLAC: how many frames there are
	Size     int64 // bytes of the file that the part is
	Object   int64 // bytes of the object that was cut; another size is another object
}
