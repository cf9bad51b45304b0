package catalog

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/songlocker/songlocker/models"
)

// FoundChapters are the chapters of one song that a scan read.
type FoundChapters struct {
	Song     models.Key
	Chapters []models.Chapter
	Fresh    bool // the song is new: it has no chapters yet
}

type chapterRow struct {
	SongID   models.Key
	Position int
	StartAt  int64
	EndAt    int64
	Title    string
}

// SaveChapters replaces the chapters of these songs. Fresh songs without
// chapters cost nothing.
func (s *ScanTx) SaveChapters(list []FoundChapters) error {
	var old []models.Key
	var rows []chapterRow
	for _, f := range list {
		if !f.Fresh {
			old = append(old, f.Song)
		}
		for i, c := range f.Chapters {
			rows = append(rows, chapterRow{f.Song, i, c.Start, c.End, c.Title})
		}
	}
	err := chunks(old, func(part []models.Key) error {
		return s.tx.Exec(`DELETE FROM chapters WHERE song_id IN ?`, part).Error
	})
	if err == nil {
		err = insert(s.tx, "chapters", rows)
	}
	if err != nil {
		return fmt.Errorf("chapters: %w", err)
	}
	return nil
}

// Chapters returns the chapters of a song that the viewer may read, in their
// order, none where its file tells none.
func (c *Catalog) Chapters(ctx context.Context, v Viewer, song models.Key) ([]models.Chapter, error) {
	s, err := c.Song(ctx, v, song)
	if err != nil {
		return nil, err
	}
	var list []models.Chapter
	err = c.each(ctx, func(rows *sql.Rows) error {
		var x models.Chapter
		err := rows.Scan(&x.Start, &x.End, &x.Title)
		list = append(list, x)
		return err
	}, `SELECT start_at, end_at, title FROM chapters WHERE song_id = ? ORDER BY position`, s.Key)
	if err != nil {
		return nil, fmt.Errorf("chapters: %w", err)
	}
	return list, nil
}
