module github.com/songlocker/songlocker/test/buckets

go 1.26.0

require (
	github.com/fsouza/fake-gcs-server v1.56.1
	github.com/johannesboyne/gofakes3 v1.2.0
	github.com/songlocker/songlocker v0.0.0
)

replace github.com/songlocker/songlocker => ../..
