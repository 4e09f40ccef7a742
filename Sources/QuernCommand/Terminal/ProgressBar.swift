import Quern

/// One line that is drawn over and over, for people; nothing where no person looks.
struct ProgressBar {
  private let isShown: Bool
  private let clock = ContinuousClock()
  private var lastDrawn: ContinuousClock.Instant?
  private var isDrawn = false

  init(isShown: Bool = Terminal.isInteractive) { self.isShown = isShown }

  /// Draws, at most twenty times a second.
  mutating func update(_ progress: TrainingProgress) {
    guard isShown else { return }
    let now = clock.now
    if let lastDrawn, lastDrawn.duration(to: now) < .milliseconds(50) { return }
    lastDrawn = now
    isDrawn = true
    Terminal.write("\r" + Self.line(progress, width: Terminal.width) + "\u{1b}[K")
  }

  /// Takes the line away, so that something else can be printed.
  mutating func clear() {
    if isDrawn { Terminal.write("\r\u{1b}[K") }
    isDrawn = false
    lastDrawn = nil
  }

  /// The bar with its numbers, at most `width` columns.
  static func line(_ progress: TrainingProgress, width: Int) -> String {
    let epochs = String(progress.epochCount)
    let epoch = String(progress.epoch)
    let space = String(repeating: " ", count: max(epochs.count - epoch.count, 0))
    let front = "epoch \(space)\(epoch)/\(epochs) "
    let back =
      "  loss \(Numbers.fixed(progress.loss, 4))"
      + (progress.accuracy.map { "  accuracy \(Numbers.percent($0))" } ?? "")
      + "  \(Numbers.fixed(progress.examplesPerSecond, 0)) examples/s"
    let room = min(width - 1 - front.count - back.count - 2, 30)
    guard room >= 5 else { return String((front + back).prefix(max(width - 1, 1))) }
    let share = Double(progress.stepInEpoch) / Double(max(progress.stepsPerEpoch, 1))
    return front + "▕" + bar(share, width: room) + "▏" + back
  }

  /// A bar in eighths of a column.
  private static func bar(_ share: Double, width: Int) -> String {
    let eighths = Int(min(max(share, 0), 1) * Double(width * 8))
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let text = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    return text + String(repeating: " ", count: width - text.count)
  }
}
