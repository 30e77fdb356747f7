package state

// roleVariable makes a process of the test binary play a part instead of running tests.
const roleVariable = "STATE_TEST_ROLE"

func playRole(string) int { return 0 }
