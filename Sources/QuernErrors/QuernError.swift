/// What went wrong: where, what was found, and how to remedy it.
///
/// All rooms throw it for what their users can cause; `String(describing:)` is one line for them to
/// read. Errors of other types carry more than that, and say why.
public struct QuernError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The sort of fault.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// No such file or folder.
    case missing
    /// A folder, a device or a pipe where a file is wanted.
    case notAFile
    /// The system refused to open or to read.
    case unreadable
    /// The contents end too early.
    case truncated
    /// More bytes than the header tells.
    case trailingBytes
    /// Not the format, or not the contents, that were asked for.
    case mislabelled
    /// The format is right, but it holds a kind of element that is not supported.
    case unsupported
    /// The packed data contradict themselves (bad code, bad checksum).
    case corrupt
    /// Extents whose product does not fit into an integer.
    case overflow
    /// Two things that should have equally many elements do not.
    case countMismatch
    /// A label that is negative, or not below the number of classes.
    case labelOutOfRange
    /// Nothing in it.
    case empty
    /// An argument outside its range.
    case badArgument
    /// No data set goes by that name.
    case unknownName
    /// A name that occurs twice.
    case duplicate
    /// The system refused to write; an older file of that name is untouched.
    case unwritable
  }

  /// The layer, op, tensor, setting, file or data set concerned.
  public var place: String
  /// What was found, and what was expected.
  public var problem: String
  /// What the user can do about it: a phrase, whole sentences, or empty.
  public var remedy: String
  /// What went wrong, for programs; data and files have one.
  public var kind: Kind?

  public init(_ place: String, _ problem: String, remedy: String, kind: Kind? = nil) {
    self.place = place
    self.problem = problem
    self.remedy = remedy
    self.kind = kind
  }

  /// Data or a file of which something else was found than expected.
  public init(
    _ kind: Kind, in place: String, found: String, expected: String, remedy: String = ""
  ) {
    self.init(place, "\(found); expected \(expected)", remedy: remedy, kind: kind)
  }

  /// `place: problem; remedy`, where the remedy is a phrase; sentences follow a full stop.
  public var description: String {
    if remedy.isEmpty { return "\(place): \(problem)." }
    let isSentence = remedy.last == "." || remedy.last == "?"
    return "\(place): \(problem)\(isSentence ? "." : ";") \(remedy)"
  }
}
