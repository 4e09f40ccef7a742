import QuernImages
import QuernTestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `quern filter` and `quern look`.
@Suite struct PictureCommandTests {
  /// Columns left of the middle are dark, the others bright.
  private func step(_ channels: Int) throws -> Picture {
    let dark: [Float] = channels == 1 ? [0] : [0.2, 0, 0]
    let bright: [Float] = channels == 1 ? [1] : [0.2, 1, 0.6]
    return try Picture(
      height: 6, width: 8, channels: channels,
      values: (0..<48).flatMap { $0 % 8 < 4 ? dark : bright })
  }

  @Test func helpOfAll() throws {
    for name in ["filter", "look", "look filters", "look shift"] {
      let help = try quern(name.split(separator: " ").map(String.init) + ["--help"])
      #expect(help.status == 0 && help.output.contains("USAGE: quern \(name)"), "\(help)")
    }
  }

  @Test(arguments: [1, 3]) func filtering(_ channels: Int) throws {
    try withTemporaryFolder { folder in
      let (input, output) = (folder + "/in.png", folder + "/out.png")
      let picture = try step(channels)
      try picture.writePNG(to: input)

      let same = try quern(["filter", "--kernel", "identity", input, output])
      #expect(same.status == 0 && same.output.contains("megapixels/s"), "\(same)")
      #expect(try Picture(contentsOfPNG: output).bytes == picture.bytes)

      #expect(try quern(["filter", "--kernel", "box3", input, output]).status == 0)
      let blurred = try Picture(contentsOfPNG: output)
      #expect(blurred.channels == channels)
      // The last channel goes from 0 to 1 or 0.6: a third of it, then two thirds.
      let top: Float = channels == 1 ? 1 : 0.6
      for (column, share) in [(2, 0), (3, 1), (4, 2), (5, 3)] as [(Int, Float)] {
        let found = blurred[3, column].last ?? .nan
        #expect(abs(found - top * share / 3) < 0.6 / 255, "\(column)")
      }

      #expect(try quern(["filter", "--kernel", "sobel", input, output]).status == 0)
      let edges = try Picture(contentsOfPNG: output)
      let bright = (0..<8).filter { (edges[2, $0].last ?? 0) > 0.5 }
      #expect(bright == [3, 4])
    }
  }

  @Test func signedResults() throws {
    try withTemporaryFolder { folder in
      let (input, output) = (folder + "/in.png", folder + "/out.png")
      try step(1).writePNG(to: input)
      let cut = try quern(["filter", "--kernel", "laplace", input, output])
      #expect(cut.output.contains("--signed"), "\(cut)")
      #expect(Array(try Picture(contentsOfPNG: output).bytes[..<8]) == [0, 0, 0, 255, 0, 0, 0, 0])
      // The kernel's largest response is 4: −1, 0 and 1 become 3/8, 1/2 and 5/8.
      let signed = try quern(["filter", "--kernel", "laplace", "--signed", input, output])
      #expect(!signed.output.contains("cut off"))
      #expect(
        Array(try Picture(contentsOfPNG: output).bytes[..<8])
          == [128, 128, 128, 159, 96, 128, 128, 128])
    }
  }

  private struct FilterReport: Decodable {
    var height: Int
    var width: Int
    var channels: Int
    var kernels: [[Float]]
    var border: String
    var milliseconds: Double
    var megapixelsPerSecond: Double
  }

  @Test func kernelFilesAndBorders() throws {
    try withTemporaryFolder { folder in
      let (input, output) = (folder + "/in.png", folder + "/out.png")
      try step(1).writePNG(to: input)
      try write(Array("# to the left\n0 0 0\n0 0 9\n0 0 0\n/ 9\n".utf8), to: folder + "/k.txt")
      for (border, last) in [("zero", 0), ("replicate", 255)] as [(String, UInt8)] {
        let result = try quern([
          "filter", "--kernel", folder + "/k.txt", "--border", border, "--json", "--target",
          "portable", "--threads", "1", input, output,
        ])
        let report = try JSONDecoder().decode(FilterReport.self, from: Data(result.output.utf8))
        #expect([report.height, report.width, report.channels] == [6, 8, 1])
        #expect(report.kernels == [[0, 0, 0, 0, 0, 1, 0, 0, 0]] && report.border == border)
        let rate = 48e-3 / report.milliseconds
        #expect(abs(report.megapixelsPerSecond / rate - 1) < 1e-6)
        let bytes = try Picture(contentsOfPNG: output).bytes
        #expect(Array(bytes[..<8]) == [0, 0, 0, 255, 255, 255, 255, last])
      }
    }
  }

  @Test func listing() throws {
    struct Row: Decodable {
      var name: String
      var kernels: [[Float]]
    }
    let text = try quern(["filter", "--list"])
    #expect(text.status == 0 && text.output.contains("  1 1 1\n  1 1 1\n  1 1 1\n  / 9\n"))
    let json = try quern(["filter", "--list", "--json"])
    let rows = try JSONDecoder().decode([Row].self, from: Data(json.output.utf8))
    #expect(rows.map(\.name) == PictureFilter.all.map(\.name))
    for name in ["box3", "box5", "gaussian3", "gaussian5"] {
      let kernel = rows.first { $0.name == name }?.kernels[0] ?? []
      #expect(abs(kernel.reduce(0, +) - 1) < 1e-6)
    }
    #expect(rows.first { $0.name == "sobel" }?.kernels.count == 2)
  }

  @Test func filtersThatFail() throws {
    try withTemporaryFolder { folder in
      let (input, output) = (folder + "/in.png", folder + "/out.png")
      try step(3).writePNG(to: input)
      func expectFailure(_ arguments: [String], _ parts: [String]) throws {
        let result = try quern(["filter"] + arguments)
        #expect(result.status == 1 && result.output.isEmpty, "\(result)")
        #expect(result.errorLines.count == 1 && result.errors.hasPrefix("quern: "), "\(result)")
        for part in parts { #expect(result.errors.contains(part), "\(result)") }
      }
      let kernels = [
        ("1 2\n3 4", ["2×2", "odd"]), ("1 2 3\n4 5\n6 7 8", ["row 2"]),
        ("1 a 1", ["line 1", "\"a\""]),
        ("", ["no numbers"]), ("1 1 1", ["1 rows of 3"]),
      ]
      for (number, (text, parts)) in kernels.enumerated() {
        let path = folder + "/k\(number)"
        try write(Array(text.utf8), to: path)
        try expectFailure(["--kernel", path, input, output], [path] + parts)
      }
      try write([0xff, 0xfe, 0xff], to: folder + "/noise")
      try expectFailure(
        ["--kernel", folder + "/noise", input, output], ["/noise", "no short text"])
      try expectFailure(["--kernel", "blurr", input, output], ["blurr", "box3", "emboss"])
      let box = ["--kernel", "box3"]
      try expectFailure(box + [folder + "/none.png", output], ["/none.png", "no such file"])
      try expectFailure(box + [folder, output], [folder, "folder"])
      try expectFailure(box + [folder + "/k0", output], ["/k0", "no PNG"])
      try expectFailure(box + [input, "/no/such/out.png"], ["/no/such/out.png"])
      try expectFailure(box + ["--threads", "0", input, output], ["threads"])
      let whole = try Data(contentsOf: URL(filePath: input))
      try write(Array(whole.prefix(whole.count - 30)), to: folder + "/half.png")
      try expectFailure(box + [folder + "/half.png", output], ["/half.png"])
      #expect(!FileManager.default.fileExists(atPath: output))
    }
    for arguments in [[], ["a.png"], ["a.png", "b.png"], ["--kernel", "box3", "a.png"]] {
      #expect(try quern(["filter"] + arguments).status == 64)
    }
  }

  private struct LookReport: Decodable {
    struct Row: Decodable {
      var number: Int
      var norm: Double
    }
    var layer: String
    var shape: [Int]
    var filters: [Row]
  }

  @Test func filtersOfAModel() throws {
    try withTemporaryFolder { folder in
      let (weights, sheet) = (folder + "/w", folder + "/filters.png")
      let train = ["train", "digits-conv", "--epochs", "1", "--save", weights]
      #expect(try quern(train).status == 0)
      let look = ["look", "filters", "digits-conv"]
      let result = try quern(look + ["--weights", weights, "-o", sheet])
      #expect(result.status == 0 && result.output.contains("32 filters of 3×3×1"), "\(result)")
      // 8 columns and 4 rows of 3×3 pixels, 21 times as large, with gaps of 4.
      let picture = try Picture(contentsOfPNG: sheet)
      #expect(picture.height == 272 && picture.width == 540)
      let json = try quern(
        look + ["--weights", weights, "--json", "--strongest", "--count", "5"])
      let report = try JSONDecoder().decode(LookReport.self, from: Data(json.output.utf8))
      #expect(report.layer == "conv1" && report.shape == [3, 3, 1, 32])
      #expect(report.filters.count == 5)
      #expect(zip(report.filters, report.filters.dropFirst()).allSatisfy { $0.norm >= $1.norm })
      let random = try quern(look + ["--random", "--layer", "dense1", "--count", "2"])
      #expect(random.status == 0 && random.output.contains("4×4×64"), "\(random)")

      for (arguments, parts) in [
        (["--random", "--layer", "dense2"], ["dense2", "conv1"]),
        (["--random", "--layer", "conv9"], ["conv9", "conv1, conv2, conv3"]),
        (["--random", "--count", "0"], ["--count"]), (["--weights", "/no/such"], ["/no/such"]),
        (["--random", "-o", "/no/such/x.png"], ["/no/such/x.png"]),
      ] {
        let failed = try quern(look + arguments)
        #expect(failed.status == 1 && failed.output.isEmpty, "\(failed)")
        for part in parts { #expect(failed.errors.contains(part), "\(failed)") }
      }
      #expect(try quern(look).status == 64)
      #expect(try quern(look + ["--random", "--weights", weights]).status == 64)
    }
  }

  private struct ShiftReport: Decodable {
    struct Row: Decodable {
      var shift: Int
      var neuron: Double
      var filter: Double
      var movedRows: Int
      var movedColumns: Int
      var predicted: Int?
    }
    var rows: [Row]
  }

  /// The lecture's claim, for several digits: the neuron loses them, the convolution does not.
  @Test(arguments: [0, 5, 17]) func shifting(_ picture: Int) throws {
    for (direction, rows, columns) in [
      ("horizontal", 0, 1), ("vertical", 1, 0), ("diagonal", 1, 1),
    ] {
      let result = try quern([
        "look", "shift", "--picture", "\(picture)", "--direction", direction, "--json",
      ])
      let report = try JSONDecoder().decode(ShiftReport.self, from: Data(result.output.utf8))
      #expect(report.rows.map(\.shift) == Array(-6...6))
      for row in report.rows {
        #expect(row.movedRows == row.shift * rows && row.movedColumns == row.shift * columns)
        #expect(abs(row.filter - 1) < 1e-5)
        #expect(row.shift == 0 ? abs(row.neuron - 1) < 1e-5 : row.neuron < 0.9)
        if abs(row.shift) == 6 { #expect(row.neuron < 0.3) }
      }
      #expect(Set(report.rows.map(\.filter)).count == 1)
    }
  }

  @Test func shiftingBeforeATrainedModel() throws {
    try withTemporaryFolder { folder in
      let weights = folder + "/w"
      let train = ["train", "digits-conv", "--epochs", "1", "--save", weights]
      #expect(try quern(train).status == 0)
      let shift = ["look", "shift", "digits-conv", "--weights", weights]
      let result = try quern(shift + ["--reach", "2", "--json"])
      let report = try JSONDecoder().decode(ShiftReport.self, from: Data(result.output.utf8))
      #expect(report.rows.count == 5 && report.rows.allSatisfy { $0.predicted != nil })
      let (sheet, plot) = (folder + "/s.png", folder + "/s.svg")
      let drawn = try quern(shift + ["--reach", "2", "-o", sheet, "--svg", plot, "--unit", "3"])
      #expect(drawn.output.contains("conv1, filter 3 of 32"), "\(drawn)")
      #expect(try Picture(contentsOfPNG: sheet).channels == 3)
      let svg = try String(contentsOf: URL(filePath: plot), encoding: .utf8)
      #expect(svg.contains("<svg") && svg.contains("convolution"))

      for (arguments, part) in [
        (shift + ["--unit", "32"], "0 … 31"), (shift + ["--picture", "360"], "0 … 359"),
        (shift + ["--reach", "0"], "--reach"),
        (["look", "shift", "--data", "/no/such"], "/no/such"),
        (["look", "shift", "nosuch", "--weights", weights], "nosuch"),
        (["look", "shift", "fc", "--weights", weights], "fc"),
      ] {
        let failed = try quern(arguments)
        #expect(failed.status == 1 && failed.output.isEmpty, "\(failed)")
        #expect(failed.errors.contains(part), "\(failed)")
      }
      #expect(try quern(["look", "shift", "digits-conv"]).status == 64)
      #expect(try quern(["look", "shift", "--weights", weights]).status == 64)
    }
  }
}
