/// Why a network or graph cannot be built: what it concerns, what was found, how to remedy it.
public struct GraphError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The layer, op or tensor concerned.
  public var subject: String
  /// What was found, and what was expected.
  public var problem: String
  /// What the user can do about it.
  public var remedy: String

  public init(_ subject: String, _ problem: String, remedy: String) {
    self.subject = subject
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String { "\(subject): \(problem); \(remedy)" }
}
