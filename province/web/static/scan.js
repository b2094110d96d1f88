// Reads a code (HU1:) from a picture or the camera into the form's field. Where the browser has a detector of its own nothing leaves the
// page; elsewhere a picture, made smaller, goes to this server, which says what it shows and keeps nothing. Without scripts the form
// sends the picture itself.
for (const box of document.querySelectorAll(".scan")) {
  const form = box.closest("form"), file = box.querySelector("[type=file]"), field = box.querySelector("[name=code]");
  const said = box.querySelector("[role=status]"), video = box.querySelector("video"), button = box.querySelector("[data-camera]");
  const canvas = document.createElement("canvas");
  let detector = "BarcodeDetector" in window ? new BarcodeDetector({ formats: ["qr_code"] }) : null;

  const ask = async (source, wide, high, most) => {
    const scale = Math.min(1, most / Math.max(wide, high));
    canvas.width = Math.round(wide * scale);
    canvas.height = Math.round(high * scale);
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    const data = new FormData();
    data.set("csrf", form.elements.csrf.value);
    data.set("picture", await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85)), "ma.jpg");
    const answer = await fetch(box.dataset.to, { method: "POST", body: data });
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()).code;
  };
  const read = async (source, wide, high, most) => {
    if (detector) {
      try {
        const found = (await detector.detect(source)).find((code) => code.rawValue.startsWith("HU1:"));
        return found ? found.rawValue : "";
      } catch { detector = null; } // it is named here but cannot work here
    }
    return ask(source, wide, high, most);
  };
  const took = (code) => {
    field.value = code;
    file.value = "";
    said.textContent = "Đã đọc mã. / Code read.";
    const empty = [...form.elements].find((each) => each.required && !each.value);
    (empty || form.querySelector("button:not([type=button])")).focus();
  };
  const failed = "Chưa đọc được: mạng hoặc máy chủ đang bận. Xin thử lại, hoặc gõ mã. / Not read: network or server busy. Try again, or type it.";

  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    said.textContent = "Đang đọc… / Reading…";
    try {
      const picture = await createImageBitmap(file.files[0]);
      const code = await read(picture, picture.width, picture.height, 1600);
      if (code) took(code);
      else said.textContent = "Không thấy mã trong ảnh. Xin chụp lại cho rõ. / No code in this picture: take it again.";
    } catch { said.textContent = failed; }
  });

  if (!navigator.mediaDevices) continue;
  button.hidden = false;
  const stop = () => {
    for (const track of video.srcObject ? video.srcObject.getTracks() : []) track.stop();
    video.srcObject = null;
    video.hidden = true;
    button.hidden = false;
  };
  button.addEventListener("click", async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: box.dataset.facing } });
    } catch {
      said.textContent = "Không mở được máy ảnh. Xin chọn ảnh, hoặc gõ mã. / The camera cannot be opened: choose a picture, or type the code.";
      return;
    }
    video.hidden = false;
    button.hidden = true;
    said.textContent = "Đưa mã vào khung. / Hold the code before the camera.";
    await video.play();
    const until = Date.now() + 60000;
    while (video.srcObject && Date.now() < until) {
      let code = "";
      try { code = await read(video, video.videoWidth, video.videoHeight, 1024); } catch { said.textContent = failed; }
      if (code) { took(code); break; }
      await new Promise((done) => setTimeout(done, 500));
    }
    if (!field.value) said.textContent = "Chưa thấy mã. Bấm để thử lại, hoặc chọn ảnh. / No code seen: try again, or choose a picture.";
    stop();
  });
}
