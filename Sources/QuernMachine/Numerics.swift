/// Every constant that decides in which order numbers are added, and so the bits of results.
///
/// The reproducibility contract: equal programs on the same target give equal bits for any number of
/// threads, since none of these depends on the machine or on threads. Other targets and other versions of
/// Quern may round otherwise; ``version`` tells versions apart.
public struct Numerics: Hashable, Sendable {
  /// Grows whenever a change makes results round otherwise. Checkpoints record it.
  public static let version = 1

  public var lanes = Lanes()

  public init() {}

  /// Whether vectors run along a sum, and their lanes are added at its end.
  public struct Lanes: Hashable, Sendable {
    /// Vectors of a sum up to which it is over before another's could be of help.
    public var shortSum = 4
    /// Vectors that are copied into panels in the time that adding up the lanes of a sum takes.
    public var copiedVectorsPerJoin = 4.0 / 3
    /// Rows from which on panels take less time, where all these rows stay in the first-level cache.
    public var minRowsOfPanels = 12
    /// The same where they do not stay: a tile then reads them anew for each vector of the factor.
    public var minRowsOfPanelsFar = 7
    /// Bytes of rows that stay in the first-level cache of any machine.
    public var keptRowBytes = 32 << 10
  }
}
