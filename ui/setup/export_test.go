package setup

// Pose shows a state.
func (s *Screen) Pose(state State) { s.become(state) }
