import ArgumentParser
import Quern

extension FilterStep.Border: ExpressibleByArgument {}

struct FilterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "filter",
    abstract: "Filter a PNG picture with a compiled convolution: blur, sharpen, find edges.",
    discussion: """
      Each channel by itself becomes Im_out(x, y) = Σᵢ Σⱼ K(i, j) · Im_in(x + i, y + j).

      A kernel's file holds a row of numbers a line, an odd square of them (3×3, 5×5, …); # begins a \
      comment, and a line "/ 9" divides all numbers by 9. A file that bears a filter's name is meant \
      by ./name.

      PNG files of every kind are read: 16 bits are rounded to 8, palettes become colours, and \
      transparent pixels are laid over white. Written are 8 bits, grey or colour as in the input.

      Examples:
        quern filter --kernel box3 photo.png blurred.png
        quern filter --kernel sobel photo.png edges.png
        quern filter --kernel laplace --signed photo.png curvature.png
        quern filter --kernel my-kernel.txt photo.png out.png
        quern filter --list
      """)

  @Option(help: "A filter's name, see --list, or a file with a kernel.")
  var kernel: String?

  @Option(help: "What lies around the picture: replicate, its nearest pixel; or zero, black.")
  var border: FilterStep.Border = .replicate

  @Flag(help: "Show negative results: 0 becomes middle grey, and nothing is cut off.")
  var signed = false

  @Flag(help: "Print the filters that have names, with their numbers.")
  var list = false

  @Flag(help: "Print JSON.")
  var json = false

  @Argument(help: "The PNG file to read.")
  var input: String?

  @Argument(help: "The PNG file to write.")
  var output: String?

  @OptionGroup var execution: ExecutionArguments

  private struct Report: Encodable {
    var input: String
    var output: String
    var filter: String
    var kernels: [[Float]]
    var border: FilterStep.Border
    var height: Int
    var width: Int
    var channels: Int
    var execution: String
    var compileMilliseconds: Double?
    var milliseconds: Double
    var megapixelsPerSecond: Double
    var runs: Int
    var cutOffShare: Double
  }

  private struct Listing: Encodable {
    var name: String
    var purpose: String
    var size: Int
    var kernels: [[Float]]
  }

  func validate() throws {
    if list { return }
    guard input != nil, output != nil else {
      throw ValidationError("Name the PNG file to read and the one to write.")
    }
    guard kernel != nil else {
      throw ValidationError("Choose a filter: --kernel box3, or see quern filter --list.")
    }
  }

  func run() throws {
    if list { return try printList() }
    guard let input, let output, let kernel else { return }
    let filter = try Self.filter(kernel)
    let options = try execution.options()
    try Files.checkWritable(output)
    let picture = try Picture(contentsOfPNG: input)
    let step = try FilterStep(
      filter, height: picture.height, width: picture.width, channels: picture.channels,
      border: border)
    let executable = try options.makeExecutable(step.graph)
    try step.load(picture, into: executable)
    let (seconds, runs) = try Self.measure(executable)
    let values = try step.result(of: executable)
    let (shown, cutOff) = try shown(values, like: picture, filter)
    try shown.writePNG(to: output)

    let pixels = Double(picture.height * picture.width)
    let report = Report(
      input: input, output: output, filter: filter.name, kernels: filter.kernels.map(\.values),
      border: border, height: picture.height, width: picture.width, channels: picture.channels,
      execution: options.summary, compileMilliseconds: executable.compileSeconds.map { $0 * 1000 },
      milliseconds: seconds * 1000, megapixelsPerSecond: pixels / seconds / 1e6, runs: runs,
      cutOffShare: cutOff)
    json ? try JSONOutput.print(report) : print(report, filter)
  }

  /// A filter by its name, or by the file that holds its kernel.
  static func filter(_ name: String) throws -> PictureFilter {
    if let filter = PictureFilter.all.first(where: { $0.name == name }) { return filter }
    do {
      return PictureFilter(name, try FilterKernel(contentsOf: name))
    } catch let error as QuernError where error.kind == .missing {
      throw Failure(
        "--kernel \(name): no filter has this name, and there is no such file; give a file, or one "
          + "of " + PictureFilter.all.map(\.name).joined(separator: ", "))
    }
  }

  /// Runs until the time can be told: at most 20 runs in a third of a second, but three where that
  /// takes no more than two seconds, since the first also waits for fresh memory.
  private static func measure(_ executable: any Executable) throws -> (seconds: Double, runs: Int) {
    let clock = ContinuousClock()
    let started = clock.now
    var fastest = Duration.seconds(1e9)
    var runs = 0
    repeat {
      fastest = min(fastest, try clock.measure { try executable.run() })
      runs += 1
    } while runs < 20
      && started.duration(to: clock.now) < (runs < 3 ? .seconds(2) : .milliseconds(330))
    let parts = fastest.components
    let seconds = Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    return (max(seconds, 1e-9), runs)
  }

  /// The result as a picture, and the share of its values that had to be cut off.
  private func shown(
    _ values: [Float], like picture: Picture, _ filter: PictureFilter
  ) throws -> (Picture, Double) {
    var values = values
    if signed {
      let scale = filter.largestResponse > 0 ? Float(0.5 / filter.largestResponse) : 0
      for position in values.indices { values[position] = 0.5 + values[position] * scale }
    }
    // A rounding error beyond the end is no cut.
    let slack: Float = 1e-5
    let outside = values.count { !($0 >= -slack && $0 <= 1 + slack) }
    return (
      try Picture(
        height: picture.height, width: picture.width, channels: picture.channels, values: values),
      Double(outside) / Double(values.count)
    )
  }

  private func print(_ report: Report, _ filter: PictureFilter) {
    let kind = report.channels == 3 ? "colour" : "grey"
    Swift.print(
      "picture   \(report.height)×\(report.width), \(kind) (rows × columns), from \(report.input)")
    let sizes = filter.kernels.map { "\($0.size)×\($0.size)" }.joined(separator: " and ")
    let purpose = filter.purpose.isEmpty ? "" : "; \(filter.purpose)"
    Swift.print("kernel    \(filter.name), \(sizes)\(purpose); border: \(border.rawValue)")
    let compiled = report.compileMilliseconds.map { "compiled in \(Numbers.significant($0)) ms, " }
    Swift.print(
      "run by    \(report.execution); \(compiled ?? "")"
        + (report.runs > 1 ? "fastest of \(report.runs) runs" : "one run"))
    Swift.print(
      "time      \(Numbers.significant(report.milliseconds)) ms: "
        + "\(Numbers.significant(report.megapixelsPerSecond)) megapixels/s")
    if report.cutOffShare > 0 {
      let advice = signed || !filter.isSigned ? "" : "; --signed shows negative results"
      Swift.print(
        "cut off   \(Numbers.percent(report.cutOffShare, 2)) of the values, which were outside "
          + "black … white\(advice)")
    }
    Swift.print("written   \(report.output)")
  }

  private func printList() throws {
    if json {
      return try JSONOutput.print(
        PictureFilter.all.map {
          Listing(
            name: $0.name, purpose: $0.purpose, size: $0.kernels[0].size,
            kernels: $0.kernels.map(\.values))
        })
    }
    for (number, filter) in PictureFilter.all.enumerated() {
      Swift.print((number > 0 ? "\n" : "") + "\(filter.name): \(filter.purpose)")
      let columns = filter.kernels.map(\.lines)
      for row in 0..<(columns.map(\.count).max() ?? 0) {
        let cells = columns.map { lines in
          let cell = row < lines.count ? lines[row] : ""
          return cell + String(repeating: " ", count: max(lines[0].count - cell.count, 0))
        }
        var line = "  " + cells.joined(separator: "     ")
        while line.last == " " { line.removeLast() }
        Swift.print(line)
      }
    }
  }
}
