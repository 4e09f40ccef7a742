extension ScheduledProgram {
  package var description: String { "" }
  package func verify() throws {}
}
