/// What went wrong while reading, checking or writing data.
///
/// The ``description`` says which file (or data set, or tensor), what was found, what was expected,
/// and how to remedy it; ``kind`` is for programs.
public struct DataError: Error, Sendable, Hashable, CustomStringConvertible {
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

  /// What went wrong, for programs.
  public let kind: Kind
  /// The file, data set or tensor concerned.
  public let subject: String
  public let found: String
  /// What should have been there.
  public let expected: String
  /// What to do about it: a sentence, or empty.
  public let remedy: String

  public init(
    _ kind: Kind, in subject: String, found: String, expected: String, remedy: String = ""
  ) {
    self.kind = kind
    self.subject = subject
    self.found = found
    self.expected = expected
    self.remedy = remedy
  }

  public var description: String {
    "\(subject): \(found); expected \(expected)." + (remedy.isEmpty ? "" : " \(remedy)")
  }
}

/// The product of `extents`, or nil if it does not fit into `Int` or an extent is negative.
func product(_ extents: some Sequence<Int>) -> Int? {
  var result = 1
  var overflowed = false
  for extent in extents {
    if extent < 0 { return nil }
    // A zero makes the product zero, however large the others are.
    if extent == 0 { return 0 }
    if overflowed { continue }
    (result, overflowed) = result.multipliedReportingOverflow(by: extent)
  }
  return overflowed ? nil : result
}

/// `[60000, 28, 28]` as "60000×28×28"; a scalar's empty shape as "()".
func text(shape: [Int]) -> String {
  shape.isEmpty ? "()" : shape.map(String.init).joined(separator: "×")
}
