import QuernDrawing
import QuernImages

extension TrainingReport {
  var evaluationSection: HTML? {
    guard let evaluation else { return nil }
    let correct = ReportText.grouped(evaluation.correct)
    return Self.section(
      "On the \(evaluation.dataset)",
      [
        HTML(
          "p",
          text: "\(correct) of \(ReportText.counted(evaluation.count, "picture")) are classified "
            + "correctly: accuracy \(ReportText.percent(1 - evaluation.errorRate)), mean loss "
            + "\(NumberText.fixed(evaluation.loss, decimals: 4))."),
        HTML(
          "div", ["class": "figures"],
          [
            Self.figure(
              CellGrid.confusion(evaluation.confusion, classes: evaluation.classNames).drawing()),
            Self.classTable(evaluation),
          ]),
      ])
  }

  private static func classTable(_ evaluation: Evaluation) -> HTML {
    let counts = evaluation.confusion
    func share(_ part: Int, _ whole: Int) -> String {
      whole == 0 ? "–" : ReportText.percent(Double(part) / Double(whole), 1)
    }
    return HTML.table(
      [.text("class"), .number("pictures"), .number("recall"), .number("precision")],
      counts.indices.map { label in
        let right = counts[label].indices.contains(label) ? counts[label][label] : 0
        let actual = counts[label].reduce(0, +)
        let predicted = counts.reduce(0) { $0 + ($1.indices.contains(label) ? $1[label] : 0) }
        return [
          evaluation.name(label), ReportText.grouped(actual), share(right, actual),
          share(right, predicted),
        ]
      })
  }

  var mistakesSection: HTML? {
    get throws {
      guard let evaluation else { return nil }
      let number = evaluation.count - evaluation.correct
      guard number > 0 else {
        return Self.section("Wrong pictures", [HTML("p", text: "There is none.")])
      }
      let shown = evaluation.mistakes
      let text =
        shown.count < number
        ? "The \(ReportText.grouped(shown.count)) of \(ReportText.grouped(number)) in which the "
          + "network was surest of its mistake: what the picture is, what it was taken for, and how "
          + "probable the network held that."
        : "What the picture is, what it was taken for, and how probable the network held that."
      let cards = try shown.map { mistake -> HTML in
        let (actual, predicted) = (
          evaluation.name(mistake.actual), evaluation.name(mistake.predicted)
        )
        let side = max(mistake.picture.height, mistake.picture.width, 1)
        return HTML(
          "figure", [:],
          [
            try Self.image(
              mistake.picture, magnification: max(84 / side, 1),
              text: "Picture \(mistake.index): \(actual), taken for \(predicted)"),
            HTML(
              "figcaption", [:],
              [
                HTML("strong", text: "\(actual) → \(predicted)"),
                HTML("span", text: ReportText.percent(mistake.probability, 1)),
                HTML("span", ["class": "muted"], text: "picture \(mistake.index)"),
              ]),
          ])
      }
      return Self.section(
        "Wrong pictures", [HTML("p", text: text), HTML("div", ["class": "cards"], cards)])
    }
  }

  var filtersSection: HTML? {
    get throws {
      guard let filters else { return nil }
      return Self.section(
        "First layer",
        [
          HTML(
            "figure", ["class": "sheet"],
            [
              try Self.image(filters.sheet, text: filters.caption),
              HTML("figcaption", text: filters.caption),
            ])
        ])
    }
  }
}
