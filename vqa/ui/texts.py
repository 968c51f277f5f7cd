"""Every word on the page, in English and Simplified Chinese, and which of the two a visitor reads."""

LANGUAGES = {"en": "English", "zh": "简体中文"}

TEXTS: dict[str, tuple[str, str]] = {
    # the frame
    "title": ("Ask a photograph", "向照片提问"),
    "subtitle": (
        "Ask about a photo, see where the model looked, and compare it with a twin that never learned to match "
        "pictures with words.",
        "就一张照片提问，看看模型关注了哪里，再与一个从未学过图文匹配的孪生模型比较。",
    ),
    "language": ("Language", "语言"),
    "tab.ask": ("Ask", "提问"),
    "tab.lab": ("Alignment lab", "对齐实验室"),
    "tab.results": ("Results", "结果"),
    "tab.how": ("How it works", "工作原理"),
    "aligned": ("aligned", "对齐"),
    "unaligned": ("unaligned", "未对齐"),
    "compare": ("both", "两者"),
    # asking
    "photo": ("Photograph", "照片"),
    "photo.drop": (
        "Your photo: drop it here, or click\nIt stays here and is deleted in an hour",
        "你的照片：拖到这里，或点击选择\n照片只留在本机，一小时后删除",
    ),
    "examples": ("Or try one of these", "或试试这些照片"),
    "examples.drawings": ("Drawings", "绘图"),
    "question": ("Question", "问题"),
    "question.hint": ("What do you want to know? Press Enter to ask.", "你想知道什么？请用英语提问，按回车发送。"),
    "suggestions": ("Questions for this photo, click to ask", "适合这张照片的问题（英文），点击即可提问"),
    "ask": ("Ask", "提问"),
    "variant": ("Model", "模型"),
    "variant.info": (
        "Same architecture, same data, same training. Only aligned also learned to match photos with captions.",
        "相同的结构、相同的数据、相同的训练。只有“对齐”模型还学习了将照片与描述相匹配。",
    ),
    "among": ("Choose among (optional)", "限定答案（可选）"),
    "among.hint": ("e.g. cat, dog, bird", "例如：cat, dog, bird"),
    "among.many": ("At most {limit} answers can be chosen among.", "最多可限定 {limit} 个答案。"),
    "among.long": ("“{answer}” is too long for an answer.", "“{answer}”太长，不能作为答案。"),
    "among.foreign": (
        "“{answer}” is not English. The model answers in English only.",
        "“{answer}”不是英语。模型只用英语回答。",
    ),
    "describe": ("Describe this picture", "描述这张图片"),
    "describe.weakness": (
        "The model learned captions from few photos. It often names things that are not there.",
        "模型只从少量照片中学习过描述，常常会说出图中没有的东西。",
    ),
    "link": ("Link to this result", "此结果的链接"),
    "welcome": (
        "Choose a photograph, then ask about it. The answer appears here, with how sure the model is.",
        "先选择一张照片，再提出问题。答案以及模型的把握程度会显示在这里。",
    ),
    "ready": (
        "Photo ready. Ask as many questions as you like. (Read once, in {ms} ms.)",
        "照片已就绪，可以随意提问。（只需读取一次，用时 {ms} 毫秒。）",
    ),
    "photo.none": ("Choose a photograph first.", "请先选择一张照片。"),
    "photo.bad": (
        "This photograph cannot be used. {detail}",
        "无法使用这张照片，请换一张 JPEG、PNG 或 WebP 图片。（{detail}）",
    ),
    "question.none": ("Type a question about the photograph first.", "请先输入关于这张照片的问题。"),
    "question.long": (
        "The question has {count} characters; at most {limit} are read.",
        "问题共有 {count} 个字符，最多 {limit} 个。",
    ),
    "question.foreign": (
        "The model reads English only. Please ask in English, for example “What color is the cat?”",
        "模型只能理解英语。请用英语提问，例如 “What color is the cat?”",
    ),
    # the answer
    "answer": ("Answer", "答案"),
    "sure.very": ("very sure", "非常有把握"),
    "sure.fairly": ("fairly sure", "比较有把握"),
    "sure.leaning": ("leaning this way", "可能是"),
    "sure.guess": ("a guess", "猜测"),
    "confidence": ("confidence {percent}", "置信度 {percent}"),
    "top": ("The most likely answers", "最可能的答案"),
    "question_only.same": (
        "Without the photo it would say the same: {answer} ({percent}). The words of the question may be all it used.",
        "不看照片时，模型的回答相同：{answer}（{percent}）。它可能只用到了问题中的文字。",
    ),
    "question_only.surer": (
        "Without the photo it would guess the same, at {percent}; the photo made it {now}.",
        "不看照片时，模型也会猜同样的答案，概率为 {percent}；看了照片后为 {now}。",
    ),
    "question_only.other": (
        "Without the photo it would say {answer} ({percent}). The photo changed its mind.",
        "不看照片时，模型会回答 {answer}（{percent}）。照片改变了它的判断。",
    ),
    "question_only.unsure": (
        "Without the photo its first guess would be {answer} ({percent}).",
        "不看照片时，它的第一个猜测是 {answer}（{percent}）。",
    ),
    "unknown": ("I don't know", "我不知道"),
    "unknown.guess": ("My guess would be “{answer}”.", "要猜的话，是“{answer}”。"),
    "choices": ("Chosen among: {answers}.", "在以下答案中选择：{answers}。"),
    "say": ("Answer: {answer}, {percent}, {sure}", "答案：{answer}，{percent}，{sure}"),
    "feedback": ("Wrong? Right would be …", "答错了？正确答案是……"),
    "feedback.hint": ("e.g. a lion", "例如：a lion"),
    "feedback.keep": ("Note it", "记下"),
    "feedback.kept": (
        "Noted: “{answer}”. Nothing is stored here. Save the result as JSON: training reads it as a question.",
        "已记下：“{answer}”。这里不保存任何内容。请将结果保存为 JSON，训练程序可以读取它。",
    ),
    "times": ("Time for this answer: {total} ms", "本次回答用时：{total} 毫秒"),
    "time.image": ("image", "图像"),
    "time.question": ("question", "问题"),
    "time.fusion": ("fusion", "融合"),
    "time.decode": ("decoding", "解码"),
    "time.kept": (
        "Photo already encoded: {total} ms instead of {full} ms",
        "照片已编码：用时 {total} 毫秒，而非 {full} 毫秒",
    ),
    "history": ("Asked about this photograph", "关于这张照片的提问记录"),
    "export": ("Save this result as JSON", "将此结果保存为 JSON"),
    # maps
    "maps": ("Where it looked", "它看了哪里"),
    "map.mode": ("Heatmap", "热力图"),
    "map.off": ("off", "关闭"),
    "map.attention": ("attention", "注意力"),
    "map.relevance": ("relevance", "相关性"),
    "map.occlusion": ("occlusion (slow)", "遮挡（较慢）"),
    "map.same_scale": ("Same scale for both models", "两个模型使用同一色标"),
    "map.working": ("Hiding patches, {done} of {steps}", "正在遮住图块，第 {done} / {steps} 步"),
    "map.cancel": ("Cancel", "取消"),
    "map.cancelled": ("Cancelled. The map before is still shown.", "已取消，仍显示之前的图。"),
    "map.rollout.note": (
        "Rollout multiplies all layers. It hardly depends on the answer.",
        "Rollout 将所有层的注意力相乘，几乎不取决于答案。",
    ),
    "map.fusion.note": (
        "This layer works before an answer is chosen: its map is the same for every answer.",
        "这一层在选出答案之前工作：对任何答案，它的图都相同。",
    ),
    "map.heads": ("Maps of all heads of this layer", "这一层所有头的图"),
    "map.heads.show": ("Show all heads", "显示所有头"),
    "map.head.n": ("head {n}", "第 {n} 个头"),
    "map.why": ("Why {answer}?", "为什么是 {answer}？"),
    "map.versus": ("Why {answer}, and not {other}?", "为什么是 {answer}，而不是 {other}？"),
    "map.of.rival": ("The areas that speak for “{text}”.", "支持“{text}”的区域。"),
    "map.of.difference": (
        "Yellow speaks for “{text}”, blue for “{other}”.",
        "黄色支持“{text}”，蓝色支持“{other}”。",
    ),
    "map.no.difference": (
        "There is no difference: this kind of map is the same for both answers. Relevance tells them apart.",
        "没有差异：这种图对两个答案相同。请选择“相关性”来区分。",
    ),
    "map.scale.difference": ("difference of the two shares, for one patch", "单个图块两种占比之差"),
    "map.scale.occlusion": ("fall of the answer's log probability when hidden", "遮住后答案对数概率的下降"),
    "map.save.png": ("Save as PNG", "保存为 PNG"),
    "map.save.svg": ("Save as SVG", "保存为 SVG"),
    "map.figure": (
        "“{question}” {answer}, {percent} ({variant}, {method}). {what}",
        "问：“{question}”答：{answer}，{percent}（{variant}，{method}）。{what}",
    ),
    "map.plain": ("The photo", "照片"),
    "bar.hint": ("Click an answer to see the areas that speak for it.", "点击一个答案，查看支持它的区域。"),
    "hide.mode": ("Hide patches by clicking the photo", "点击照片以遮住图块"),
    "hide.ask": ("Ask again without them", "遮住后再问一次"),
    "hide.clear": ("Show all again", "全部恢复"),
    "hide.none": ("Click patches of the photo to hide them first.", "请先点击照片，选择要遮住的图块。"),
    "hide.count": ("{count} of {all} patches hidden", "已遮住 {count} / {all} 个图块"),
    "hide.before": ("before: {answer}, {percent}", "之前：{answer}，{percent}"),
    "hide.now": ("now: {answer}, {percent}", "现在：{answer}，{percent}"),
    "map.layer": ("Layer", "层"),
    "map.layer.rollout": ("all, rolled out", "全部层（rollout 累积）"),
    "map.layer.mean": ("all, averaged", "全部层（取平均）"),
    "map.layer.fusion": ("co-attention {n}", "协同注意力 {n}"),
    "map.layer.decoder": ("decoder {n}", "解码器 {n}"),
    "map.head": ("Head", "头"),
    "map.head.mean": ("mean", "平均"),
    "map.opacity": ("Opacity", "不透明度"),
    "map.whole": ("whole answer", "完整答案"),
    "map.words": ("Words of the question", "问题中的词"),
    "map.pieces": ("Pieces of the answer", "答案的片段"),
    "map.hint": (
        "Click a word, a piece of the answer, or a spot of the picture. By keyboard: arrow keys move, Enter reads.",
        "点击问题中的词、答案的片段，或图片上的一处。键盘：方向键移动，回车读取。",
    ),
    "map.of.answer": ("The areas that mattered most for “{text}”.", "对“{text}”最重要的区域。"),
    "map.of.word": ("The patches that the word “{text}” reads.", "词语“{text}”所关注的图块。"),
    "map.of.piece": ("The patches behind the piece “{text}” of the answer.", "答案片段“{text}”所依据的图块。"),
    "map.of.spot": (
        "The words that the spot in row {row}, column {column} reads: {words}.",
        "第 {row} 行第 {column} 列的图块所关注的词：{words}。",
    ),
    "map.flat": (
        "This map is nearly flat: the model looked everywhere about equally.",
        "这张图几乎是平的：模型对各处的关注大致相同。",
    ),
    "map.faint": (
        "On the shared scale this map is faint: its patches weigh less than the other's.",
        "在共同的色标下这张图很淡：它的图块不如另一张图的重要。",
    ),
    "map.alt": ("Heatmap over the photograph, {method}. {what}", "照片上的热力图（{method}）。{what}"),
    "map.scale": ("share of the whole map, for one patch", "单个图块占整张图的比例"),
    # test of a map
    "test": ("Test this map", "检验这张图"),
    "test.hint": (
        "Hides the marked patches step by step, and as many random ones, and watches the answer's probability.",
        "逐步遮住热力图标出的图块以及同样多的随机图块，观察答案概率的变化。",
    ),
    "test.holds": (
        "This map passes the test: hiding what it marks makes “{answer}” less likely than hiding random patches does.",
        "这张图通过检验：遮住它标出的图块，比遮住随机图块更能降低“{answer}”的概率。",
    ),
    "test.fails": (
        "This map fails the test for this question: hiding what it marks lowers “{answer}” no more than hiding random "
        "patches does.",
        "对这个问题，这张图未通过检验：遮住它标出的图块，并不比遮住随机图块更能降低“{answer}”的概率。",
    ),
    "test.map": ("marked patches hidden", "遮住标出的图块"),
    "test.random": ("random patches hidden", "遮住随机图块"),
    "test.x": ("share of the photograph hidden", "照片被遮住的比例"),
    "test.y": ("probability of the answer", "答案的概率"),
    # comparing
    "cosine": ("Photograph and question in the shared space", "照片与问题的跨模态相似度"),
    "cosine.value": ("cosine similarity {value}", "余弦相似度 {value}"),
    "cosine.matched": (
        "above {percent} of matching pairs of the validation set",
        "高于验证集中 {percent} 的匹配图文对",
    ),
    "cosine.mismatched": (
        "above {percent} of mismatched pairs",
        "高于 {percent} 的不匹配的图文对",
    ),
    "cosine.alt": (
        "Cosine similarity of “{text}” with each patch of the photograph, {variant}.",
        "“{text}”与照片各图块的余弦相似度（{variant}）。",
    ),
    "cosine.scale": ("cosine of a patch", "图块的余弦值"),
    "cosine.words": ("all words", "所有词"),
    "verdict": ("What the difference means", "差异说明了什么"),
    "verdict.same": ("Both models answer “{answer}”.", "两个模型都回答“{answer}”。"),
    "verdict.differ": (
        "They disagree: aligned says “{aligned}”, unaligned “{unaligned}”. One question does not show which is better.",
        "两者不一致：对齐模型回答“{aligned}”，未对齐模型回答“{unaligned}”。仅凭一个问题无法判断哪个更好。",
    ),
    "verdict.surer": (
        "On this question, {variant} is the surer one ({more} against {less}).",
        "在这个问题上，{variant}模型更有把握（{more} 对 {less}）。",
    ),
    "verdict.even": ("They are equally sure.", "两者把握相当。"),
    "verdict.record": (
        "Right answers to the test questions, aligned : unaligned – {figures}.",
        "测试问题的正确率（对齐 : 未对齐）：{figures}。",
    ),
    "verdict.space": (
        "Only the aligned model was taught a shared space: there this pair stands above {aligned} of mismatched pairs, "
        "and without alignment above {unaligned}.",
        "只有对齐模型学习过共同空间：在该空间中，这一对高于 {aligned} 的不匹配的图文对；未对齐时高于 {unaligned}。",
    ),
    # the lab
    "lab.intro": (
        "Alignment pulls a photograph and its caption together in one space. Here is what that changes, on {count} "
        "photographs that neither model was trained on.",
        "对齐使照片与描述它的文字在同一空间中相互靠近。下面用两个模型都未训练过的 {count} 张照片展示它带来的变化。",
    ),
    "lab.search": ("Find the photograph, or the caption", "以文找图，或以图找文"),
    "lab.caption": ("Caption, in English", "描述（英文）"),
    "lab.caption.hint": ("e.g. an animal with whiskers", "例如：an animal with whiskers"),
    "lab.find": ("Find", "查找"),
    "lab.gallery": ("Click a photograph to find its caption", "点击一张照片，查找与之匹配的描述"),
    "lab.found.photos": ("Nearest photographs to “{text}”", "与“{text}”最接近的照片"),
    "lab.found.captions": ("Nearest captions to this photograph", "与这张照片最接近的描述"),
    "lab.matrix": ("Every photograph against every caption", "每张照片与每条描述"),
    "lab.matrix.alt": (
        "Table of photographs (rows) and captions (columns), {variant}. Matching pairs lie on the diagonal.",
        "照片（行）与描述（列）的表格（{variant}）。匹配的一对位于对角线上。",
    ),
    "lab.show": ("Show", "显示"),
    "lab.show.cosine": ("cosine similarity", "余弦相似度"),
    "lab.show.softmax": ("softmax over captions", "对描述取 softmax"),
    "lab.temperature": ("Temperature", "温度"),
    "lab.temperature.info": (
        "Cosines are divided by it before the softmax: low is sharp, high is even.",
        "余弦值先除以温度再取 softmax：温度越低分布越集中，越高越均匀。",
    ),
    "lab.loss": (
        "InfoNCE loss {loss} (chance is {chance}); the right caption comes first for {right} of {count} photographs.",
        "InfoNCE 损失 {loss}（随机水平为 {chance}）；{count} 张照片中有 {right} 张的正确描述排在第一。",
    ),
    "lab.figures": ("The two spaces in figures", "两个空间的数据"),
    "lab.figure": ("figure", "指标"),
    "lab.alignment": ("alignment: distance of matching pairs, lower is better", "对齐度：匹配对的距离，越低越好"),
    "lab.uniformity.images": ("uniformity of photographs, lower is more even", "照片的均匀度，越低越均匀"),
    "lab.uniformity.texts": ("uniformity of captions", "描述的均匀度"),
    "lab.gap": ("modality gap: distance of the two centres", "模态间隙：两个中心的距离"),
    "lab.here": ("these {count} pairs", "这 {count} 对"),
    "lab.test": ("test set", "测试集"),
    "lab.map": ("Photographs and captions on a plane", "平面上的照片与描述"),
    "lab.map.caption": (
        "Principal components of each model's space. A dot is a photograph, a diamond its caption, a line joins the "
        "pair: shorter lines and mixed colours mean better alignment.",
        "各模型空间的主成分。圆点是照片，菱形是其描述，连线表示一对：连线越短、颜色越混合，对齐越好。",
    ),
    "lab.photos": ("photographs", "照片"),
    "lab.captions": ("captions", "描述"),
    "lab.map.alt": (
        "Scatter plot of {count} photographs and their captions, {variant}.",
        "{count} 张照片及其描述的散点图（{variant}）。",
    ),
    "lab.before": ("before alignment", "对齐之前"),
    "lab.after": ("after alignment", "对齐之后"),
    # results
    "results.none": (
        "There are no measurements beside these weights yet. python -m vqa evaluate makes eval.json, and this page "
        "shows it.",
        "这些权重还没有测量结果。运行 python -m vqa evaluate 会生成 eval.json，本页将显示其内容。",
    ),
    "results.missing": ("No eval.json for {names}.", "缺少 {names} 的 eval.json。"),
    "results.accuracy": ("Accuracy", "正确率"),
    "results.accuracy.new": ("Accuracy on photographs the model never saw", "在模型从未见过的照片上的正确率"),
    "results.accuracy.seen": (
        "Accuracy. The model was trained on {seen:,} of the {photographs:,} photographs",
        "正确率。{photographs:,} 张照片中有 {seen:,} 张参与过训练",
    ),
    "results.benchmark": ("benchmark", "基准"),
    "results.count": ("questions", "问题数"),
    "results.question_only": ("question only", "仅看问题"),
    "results.soft": ("soft accuracy (ten people)", "软正确率（十人标注）"),
    "results.single": ("single-word answers", "单个词的答案"),
    "results.wups.9": ("single-word, WUPS 0.9", "单个词的答案，WUPS 0.9"),
    "results.wups.0": ("single-word, WUPS 0.0", "单个词的答案，WUPS 0.0"),
    "results.image_to_text": ("caption of a photograph", "以图找文"),
    "results.text_to_image": ("photograph of a caption", "以文找图"),
    "results.types": ("By kind of question", "按问题类型"),
    "results.type": ("kind", "类型"),
    "type.object": ("object", "物体"),
    "type.color": ("color", "颜色"),
    "type.number": ("number", "数量"),
    "type.location": ("location", "位置"),
    "type.yes/no": ("yes/no", "是非"),
    "type.other": ("other", "其他"),
    "type.statement": ("statement", "陈述"),
    "type.vqa": ("people's questions", "人工提问"),
    "results.reliability": (
        "When it says 70 %, is it right 70 % of the time?",
        "它说有 70% 把握时，真的有 70% 正确吗？",
    ),
    "results.reliability.caption": (
        "Each dot is a group of answers, its size their number. On the line, confidence equals accuracy; below it, the "
        "model is too sure. Expected calibration error: {values}.",
        "每个圆点是一组答案，大小表示数量。落在线上表示置信度等于正确率；落在线下表示模型过于自信。期望校准误差：{values}。",
    ),
    "results.reliability.alt": (
        "Reliability plot: accuracy against confidence, {variant}.",
        "可靠性图：正确率与置信度（{variant}）。",
    ),
    "results.confidence": ("confidence", "置信度"),
    "results.right": ("share that is right", "正确的比例"),
    "results.retrieval": ("Finding the right caption or photograph", "图文检索"),
    "results.space": ("The shared space", "共同空间"),
    "results.from": (
        "Measured on the {split} split by python -m vqa evaluate, commit {commit}.",
        "由 python -m vqa evaluate 在 {split} 集上测得，提交 {commit}。",
    ),
    "results.interval": ("Brackets: 95 % interval.", "方括号内为 95% 置信区间。"),
    # how it works
    "how.alt": (
        "Diagram: the photograph goes through a Vision Transformer, the question through BERT; both are aligned, "
        "joined by co-attention, and decoded into an answer.",
        "示意图：照片经过视觉 Transformer，问题经过 BERT；二者对齐后由协同注意力融合，再解码为答案。",
    ),
}  # fmt: skip


class T(str):
    """The key of a text (and its values), standing where a component expects the text itself."""

    values: dict[str, object]

    def __new__(cls, key: str, **values: object) -> "T":
        self = super().__new__(cls, key)
        self.values = values
        return self


def text(language: str, key: str, **values: object) -> str:
    """The text of `key` in a language, with its values filled in."""
    english, chinese = TEXTS[key]
    return (chinese if language == "zh" else english).format(**values)


def language_of(accept_language: str | None) -> str:
    """Which language an Accept-Language header asks for: the first of ours that it lists, else English."""
    for entry in (accept_language or "").lower().split(","):
        tag = entry.split(";")[0].strip()
        if tag[:2] in LANGUAGES:
            return tag[:2]
    return "en"
