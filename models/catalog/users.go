package catalog

type userCache struct{}

func (u *userCache) sawVersion(int64) {}
