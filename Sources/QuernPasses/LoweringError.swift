import QuernGraph

/// Why a graph cannot be turned into native code.
public struct LoweringError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The layer or node concerned.
  public var subject: String
  public var problem: String
  public var remedy: String

  public init(_ subject: String, _ problem: String, remedy: String) {
    self.subject = subject
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String { "\(subject): \(problem); \(remedy)" }
}
