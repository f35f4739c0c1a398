package cache

// memo is something that every decision asks for and few pages change: it is read and decoded once after each change of the file. The
// data folder's lock makes this the only process that writes. A file that was opened for reading only is read each time.
type memo[T any] struct {
	value      T
	generation uint64 // of the file, when the value was read; 0 for never
}

// recall returns what m remembers, reading it where the file has changed since. What was read while a change came in between is
// answered and not kept: it is what stood before, older and never wrong.
func recall[T any](c *Cache, m *memo[T], read func() (T, error)) (T, error) {
	c.mu.Lock()
	known, generation := *m, c.generation
	c.mu.Unlock()
	if known.generation == generation && !c.readOnly {
		return known.value, nil
	}
	found, err := read()
	if err != nil {
		return found, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation {
		*m = memo[T]{found, generation}
	}
	return found, nil
}

// changed forgets what is remembered. It is called after a change was committed, or the file was replaced.
func (c *Cache) changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
}
