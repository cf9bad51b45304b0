package artwork

import (
	"context"
	"image"
	"image/color"
	"testing"
)

// A kept picture costs the check of rights and an open file.
func BenchmarkKept(b *testing.B) {

	r := newRoom(b, 1, Config{Dir: b.TempDir()})
	r.pictures(b, 0, asPNG(b, paint(500, 500, red)))
	id := r.albums[0].String()
	for b.Loop() {
		img, err := r.Cover(context.Background(), r.v, id, 100)
		if err != nil {
			b.Fatal(err)
		}
		img.Close()
	}
}

// A cover of 1500 x 1500, resized to 300.
func BenchmarkResize(b *testing.B) {
	img := image.NewRGBA(image.Rect(0, 0, 1500, 1500))
	for y := range 1500 {
		for x := range 1500 {
			img.Set(x, y, color.RGBA{uint8(x * y), uint8(x ^ y), uint8(x + y), 255})
		}
	}
	data := asJPEG(b, img)
	for b.Loop() {
		if _, _, err := resize(data, 300); err != nil {
			b.Fatal(err)
		}
	}
}
