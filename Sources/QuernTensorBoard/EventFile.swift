import QuernErrors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that TensorBoard reads while it grows: scalars and pictures by step.
///
///     let events = try EventFile(folder: "runs/lenet")
///     try events.write([.scalar("loss/step", 0.41)], step: 120)
///
/// A folder holds the files of one run, as many as the processes that had a part in it. TensorBoard
/// finds them by their name, `events.out.tfevents.<seconds since 1970>.<host>`.
public final class EventFile {
  public let path: String
  private let file: UnsafeMutablePointer<FILE>
  private let clock = ContinuousClock()
  private var lastFlush: ContinuousClock.Instant

  /// Makes a file of its own in a folder that is there.
  ///
  /// - Parameters:
  ///   - folder: the run's own; TensorBoard shows each folder as a run.
  ///   - step: steps done where a run goes on; what other files of the folder hold beyond it is no
  ///     longer shown. 0 for a run that begins.
  /// - Throws: `QuernError` where no file can be made.
  public init(folder: String, resumingAfter step: Int = 0) throws {
    let now = Self.now
    let seconds = String(Int(now))
    let name =
      "events.out.tfevents." + String(repeating: "0", count: max(10 - seconds.count, 0)) + seconds
      + ".\(Self.host)"
    // Two runs may begin in one second; the number keeps the order that names are read in.
    var path = "\(folder)/\(name)"
    var number = 0
    var opened = fopen(path, "wx")
    while opened == nil, errno == EEXIST, number < 1000 {
      number += 1
      path = "\(folder)/\(name).\(number)"
      opened = fopen(path, "wx")
    }
    guard let file = opened else { throw Self.failure(path, errno) }
    self.path = path
    self.file = file
    lastFlush = clock.now
    try write(Event(wallTime: now, step: 0, .fileVersion("brain.Event:2")))
    if step > 0 { try write(Event(wallTime: now, step: step + 1, .sessionStart)) }
    try flush()
  }

  deinit { fclose(file) }

  /// Adds what belongs to a step. It reaches the file within about two seconds, if more follow.
  ///
  /// - Throws: `QuernError` where it cannot be written.
  public func write(_ values: [SummaryValue], step: Int) throws {
    try write(Event(wallTime: Self.now, step: step, .summary(values)))
    if lastFlush.duration(to: clock.now) > .seconds(2) { try flush() }
  }

  /// Sees that all of it is in the file.
  ///
  /// - Throws: `QuernError` where it cannot be written.
  public func flush() throws {
    if fflush(file) != 0 { throw Self.failure(path, errno) }
    lastFlush = clock.now
  }

  private func write(_ event: Event) throws {
    let record = event.record
    if fwrite(record, 1, record.count, file) != record.count { throw Self.failure(path, errno) }
  }

  private static func failure(_ path: String, _ number: Int32) -> QuernError {
    QuernError(
      .unwritable, in: path, found: "cannot be written (\(String(cString: strerror(number))))",
      expected: "a folder for TensorBoard's event files",
      remedy: "Choose a folder that you may write to, on a disk with space.")
  }

  /// Seconds since 1970.
  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.isEmpty ? "localhost" : text
  }
}
