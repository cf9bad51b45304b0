package catalog

import (
	"context"
	"database/sql"
	"fmt"
)

// IgnoreFile is an object of a library that says what is no music of it.
type IgnoreFile struct {
	ObjectKey string
	Version   string
	Body      []byte
}

// IgnoreFiles returns the ignore files of a library as they were last read,
// in the order of their keys.
func (c *Catalog) IgnoreFiles(ctx context.Context, library int) ([]IgnoreFile, error) {
	var list []IgnoreFile
	err := c.each(ctx, func(rows *sql.Rows) error {
		var f IgnoreFile
		var key []byte
		err := rows.Scan(&key, &f.Version, &f.Body)
		f.ObjectKey = string(key)
		list = append(list, f)
		return err
	}, `SELECT object_key, version, body FROM ignore_files WHERE library_id = ? ORDER BY object_key`, library)
	if err != nil {
		return nil, fmt.Errorf("ignore files of library %d: %w", library, err)
	}
	return list, nil
}

// SaveIgnoreFiles remembers ignore files and forgets those that are gone.
func (s *ScanTx) SaveIgnoreFiles(files []IgnoreFile, gone []string) error {
	for _, key := range gone {
		if err := s.tx.Exec(`DELETE FROM ignore_files WHERE library_id = ? AND object_key = ?`, s.library, []byte(key)).Error; err != nil {
			return fmt.Errorf("forget ignore files: %w", err)
		}
	}
	for _, f := range files {
		err := s.tx.Exec(`INSERT INTO ignore_files (library_id, object_key, version, body) VALUES (?, ?, ?, ?)
			ON CONFLICT (library_id, object_key) DO UPDATE SET version = excluded.version, body = excluded.body`,
			s.library, []byte(f.ObjectKey), f.Version, f.Body).Error
		if err != nil {
			return fmt.Errorf("save ignore files: %w", err)
		}
	}
	return nil
}
